import type { Gpu } from "../../shared/gpu.ts";
import { nvidiaSmi } from "../../shared/platform.ts";
import { withoutTokens } from "../../shared/token.ts";
import type { LoadSource } from "./gpu-load.ts";
import { isSameGpu, type NvidiaLoad, parseNvidiaLoads } from "./gpu-load-parse.ts";

/** It takes 30 ms where the driver stays loaded, and seconds for each card that it must wake up. */
const LIMIT_MS = 20_000;
const MAX_LENGTH = 64_000;
const NVIDIA = 0x10de;

/**
 * The load of NVIDIA's GPUs by nvidia-smi, the driver's own face of NVML (every driver brings both): a driver's
 * library is never loaded into a process of vc's that matters, and a child of our own would only do the same again.
 * Its output differs between versions in what it leaves untold. A child that even SIGKILL does not end, as it hangs
 * inside the kernel, keeps this look open; no second one is started meanwhile.
 */
export function createNvidiaSource(
  options: { command?: () => string | null; limit_ms?: number } = {},
): LoadSource {
  const { command = nvidiaSmi, limit_ms = LIMIT_MS } = options;
  return async (gpus) => {
    const cards = gpus.filter(({ vendor_id }) => vendor_id === NVIDIA);
    const program = cards.length === 0 ? null : command();
    if (program === null) return new Map();
    // Drivers before 525 know the first figure only, and end with an error when asked for another.
    const loads =
      (await ask({ program, figures: ["gpu", "encoder", "decoder"], limit_ms })) ??
      (await ask({ program, figures: ["gpu"], limit_ms }));
    return usageOf(cards, loads ?? []);
  };
}

function usageOf(cards: Gpu[], loads: NvidiaLoad[]): Map<string, number> {
  return new Map(
    cards.flatMap((gpu) => {
      const usage = loads.find((load) => isSameGpu(load, gpu))?.usage ?? null;
      return usage === null ? [] : [[gpu.id, usage]];
    }),
  );
}

/** Null when it refused; empty when it was too slow, or cannot be started. */
async function ask(of: {
  program: string;
  figures: string[];
  limit_ms: number;
}): Promise<NvidiaLoad[] | null> {
  const child = start(of.program, of.figures);
  if (child === null) return [];
  child.unref();
  const timer = setTimeout(() => child.kill("SIGKILL"), of.limit_ms);
  const text = await read(child).catch(() => "");
  await child.exited;
  clearTimeout(timer);
  if (child.signalCode !== null) return [];
  return child.exitCode === 0 ? parseNvidiaLoads(text) : null;
}

function start(program: string, figures: string[]) {
  const fields = ["uuid", "pci.bus_id", ...figures.map((name) => `utilization.${name}`)];
  const argv = [program, `--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"];
  try {
    const env = withoutTokens(process.env);
    return Bun.spawn(argv, { env, stdin: "ignore", stdout: "pipe", stderr: "ignore", windowsHide: true });
  } catch {
    return null;
  }
}

async function read(child: NonNullable<ReturnType<typeof start>>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of child.stdout) {
    text += decoder.decode(piece, { stream: true });
    if (text.length <= MAX_LENGTH) continue;
    child.kill("SIGKILL");
    break;
  }
  return text;
}
