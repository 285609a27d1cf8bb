import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Gpu } from "../../shared/gpu.ts";
import type { LoadSource } from "./gpu-load.ts";
import {
  busyBetween,
  highest,
  type IdleTimes,
  parseCounter,
  parsePercent,
  pciPlace,
} from "./gpu-load-parse.ts";

/** A shorter time between two looks says little: counters are in milliseconds, and parts fall asleep late. */
const SHORTEST_MS = 500;

/** amdgpu: shader cores, and since Linux 6.13 on some GPUs the part that decodes and encodes. */
const PERCENT_FILES = ["gpu_busy_percent", "vcn_busy_percent"];
/** Time asleep, for each part ("GT") of a GPU: of i915 since Linux 5.18 and before, and of xe. */
const IDLE_FILES = [
  "drm/card*/gt/gt*/rc6_residency_ms",
  "drm/card*/power/rc6_residency_ms",
  "tile*/gt*/gtidle/idle_residency_ms",
];

/**
 * The load of AMD's and Intel's GPUs by what Linux's drivers show of them under /sys/bus/pci/devices; elsewhere, and
 * for drivers without such files, nothing. AMD tells a percentage. Intel tells how long a GPU has slept: the first
 * look yields nothing, each later one the share of time since, a little above the work done, as parts fall asleep late.
 */
export function createSysfsSource(options: { root?: string; clock_ms?: () => number } = {}): LoadSource {
  const { root = "/sys", clock_ms = () => performance.now() } = options;
  const last = new Map<string, IdleTimes>();

  const lookAt = async (gpu: Gpu): Promise<number | null> => {
    const place = gpu.pci_address === null ? null : pciPlace(gpu.pci_address);
    if (place === null) return null;
    const folder = join(root, "bus", "pci", "devices", place);
    const percent = await readPercent(folder);
    if (percent !== null) return percent;
    const now = { idle_ms: await readIdle(folder), at_ms: clock_ms() };
    const before = last.get(gpu.id);
    if (before !== undefined && now.at_ms - before.at_ms < SHORTEST_MS) return null;
    last.set(gpu.id, now);
    return before === undefined ? null : busyBetween(before, now);
  };

  return async (gpus) => {
    const found = await Promise.all(gpus.map(async (gpu) => ({ id: gpu.id, usage: await lookAt(gpu) })));
    return new Map(found.flatMap(({ id, usage }) => (usage === null ? [] : [[id, usage]])));
  };
}

async function readPercent(folder: string): Promise<number | null> {
  const texts = await Promise.all(PERCENT_FILES.map((name) => readText(join(folder, name))));
  return highest(texts.map(parsePercent));
}

async function readIdle(folder: string): Promise<Map<string, number>> {
  const idle_ms = new Map<string, number>();
  for (const pattern of IDLE_FILES) {
    for (const name of await filesLike(folder, pattern)) {
      const value = parseCounter(await readText(join(folder, name)));
      if (value !== null) idle_ms.set(name, value);
    }
    // The older file repeats what the newer ones say.
    if (idle_ms.size > 0) break;
  }
  return idle_ms;
}

async function filesLike(folder: string, pattern: string): Promise<string[]> {
  try {
    return await Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: folder }));
  } catch {
    return [];
  }
}

/** Empty where there is no such file, or the device sleeps and does not answer. */
function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
