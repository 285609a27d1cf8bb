import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findFfmpeg } from "../../ffmpeg/find.ts";
import { type TrialLimits, type Tried, tryMachine } from "../../ffmpeg/trial.ts";
import { toCapabilities } from "../../ffmpeg/trial-capabilities.ts";
import type { TrialDevice } from "../../ffmpeg/trial-list.ts";
import type { Capabilities } from "../../shared/capabilities.ts";
import type { WorkerConfig } from "../../shared/config-worker.ts";
import type { Gpu, GpuUse, Learned } from "../../shared/gpu.ts";
import { probeVulkan } from "../../vulkan/detect.ts";
import type { VulkanProbe } from "../../vulkan/devices.ts";
import { identifyFfmpeg } from "./ffmpeg-identity.ts";
import { chooseGpu, usableGpus } from "./gpu-choice.ts";
import { deviceKey, ratesAt, standingOf, suspectsAt } from "./gpu-memory.ts";
import { gpuMemoryFile, readMemory } from "./gpu-memory-file.ts";
import { toTrialDevices } from "./trial-devices.ts";
import { recallTrials, rememberTrials } from "./trial-memory.ts";

export type DetectOptions = {
  path: string | null;
  ffprobe_path: string | null;
  cache_path: string;
  /** Which devices of type cpu a person asked for by name; those are tried, too. */
  named?: (gpu: Pick<Gpu, "id" | "index" | "name">) => boolean;
  /** Repeat all trials, and forget what films taught about the GPUs. */
  fresh?: boolean;
  limits?: TrialLimits;
  /** GPUs on which nothing was tried yet are left out instead of being tried, which takes a while. */
  skip_untried?: boolean;
  /** Told why what was found out cannot be kept in `cache_path`; null: it can. */
  onTrouble?: (why: string | null) => void;
};

/**
 * What this machine can do, by asking it: ffmpeg's version, the GPUs that Vulkan shows, and what trials proved on them
 * and on the CPU. Without Vulkan (`use_vulkan` false) no driver is asked. Trials are remembered in `cache_path` until
 * ffmpeg or a driver changes. Throws VcError("ffmpeg") where ffmpeg or ffprobe is missing or broken.
 */
export async function detectCapabilities(
  options: DetectOptions & { use_vulkan?: boolean | "auto" },
): Promise<Capabilities> {
  const vulkan = options.use_vulkan === false ? null : await probeVulkan();
  return (await tryCapabilities({ ...options, vulkan })).capabilities;
}

/** The same, with a probe that was made already, and every single trial. */
export async function tryCapabilities(
  options: DetectOptions & { vulkan: VulkanProbe | null },
): Promise<{ capabilities: Capabilities; tried: Tried[]; learned: Learned }> {
  const { vulkan, named = () => false, cache_path, limits } = options;
  const ffmpeg = await findFfmpeg({ path: options.path, ffprobe_path: options.ffprobe_path });
  const identity = await identifyFfmpeg(ffmpeg);
  const memory = { file: join(cache_path, "capabilities.json"), key: identity };
  const fresh = options.fresh === true;
  const remembered = await recallTrials(memory, { fresh });
  const seen = vulkan?.available === true ? toTrialDevices(vulkan.devices, named) : [];
  const devices = options.skip_untried === true ? withoutUntried(seen, remembered) : seen;
  const tried = await tryMachine({
    ffmpeg,
    devices,
    remembered,
    ...(limits === undefined ? {} : { limits }),
  });
  const trouble = await rememberTrials(memory, tried);
  options.onTrouble?.(trouble === null ? null : `${memory.file}: ${trouble}`);
  const capabilities = toCapabilities({ ffmpeg, devices, tried });
  const { gpus } = capabilities;
  return { capabilities, tried, learned: await recallLearned({ cache_path, identity, gpus, fresh }) };
}

function withoutUntried(devices: TrialDevice[], remembered: ReadonlyMap<string, unknown>): TrialDevice[] {
  const keys = [...remembered.keys()];
  return devices.map((device) => {
    const tried = device.unwanted !== null || keys.some((key) => key.startsWith(`${device.key} `));
    return tried ? device : { ...device, unwanted: "nothing was tried on it yet; `vc detect` does" };
  });
}

/** What a worker would give to its first film, before any has taught something about the GPUs. */
export function firstUse(
  capabilities: Capabilities,
  { ffmpeg, vulkan }: Pick<WorkerConfig, "ffmpeg" | "vulkan">,
): GpuUse {
  const { gpus, why } = usableGpus(capabilities, { ...ffmpeg, ...vulkan });
  const slots = vulkan.slots_per_device;
  const found =
    why === null ? chooseGpu({ usable: gpus, slots, used: new Map(), parked: () => null }) : { why };
  return {
    ...{ use_vulkan: ffmpeg.use_vulkan, families: ffmpeg.encoders, suspects: [], rates: [] },
    device: "gpu" in found ? found.gpu.id : null,
    no_device: "why" in found ? found.why : null,
    validation: vulkan.enable_validation,
  };
}

async function recallLearned(of: {
  cache_path: string;
  identity: string;
  gpus: Gpu[];
  fresh: boolean;
}): Promise<Learned> {
  const file = gpuMemoryFile(of.cache_path);
  const forgotten = of.fresh && existsSync(file);
  if (forgotten) await rm(file, { force: true });
  const memory = await readMemory(file, of.identity);
  const now_ms = Date.now();
  const parked = of.gpus.flatMap((gpu) => {
    const { state, problem } = standingOf(memory, deviceKey(gpu), now_ms);
    return state === "parked" && problem !== null ? [{ device: gpu.name, problem }] : [];
  });
  return { suspects: suspectsAt(memory, now_ms), parked, rates: ratesAt(memory, now_ms), forgotten };
}
