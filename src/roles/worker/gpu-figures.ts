import type { Gpu } from "../../shared/gpu.ts";
import { GPU_BOUNDS, type GPU_STATES, type Heartbeat, type WorkerGpu } from "../../shared/worker.ts";

/** A Gpu that films may be given, and how it stands; `problem` is null while it is ok. */
export type GpuStanding = { gpu: Gpu; state: (typeof GPU_STATES)[number]; problem: string | null };

/** What a heartbeat says of GPUs. */
export type GpuFigures = Pick<Heartbeat, "vulkan_available" | "gpu" | "gpu_usage" | "gpus">;

/**
 * Joins what is known of each Gpu; `usage` is percent by its id, and a Gpu without an entry has no figure. Vulkan is
 * available while at least one is not parked. All is cut to what the contract allows: a longer name would make the
 * master refuse the whole heartbeat.
 */
export function gpuFigures(
  standings: readonly GpuStanding[],
  usage: ReadonlyMap<string, number>,
): GpuFigures {
  const vulkan_available = standings.some(({ state }) => state !== "parked");
  if (standings.length === 0) return { vulkan_available };
  const gpus = standings.slice(0, GPU_BOUNDS.gpus).map((standing) => toWorkerGpu(standing, usage));
  const known = standings.flatMap(({ gpu }) => usage.get(gpu.id) ?? []);
  return {
    vulkan_available,
    gpu: joinNames(gpus.map(({ name }) => name)).slice(0, GPU_BOUNDS.names),
    ...(known.length === 0 ? {} : { gpu_usage: rounded(known.reduce((a, b) => a + b) / known.length) }),
    gpus,
  };
}

function toWorkerGpu({ gpu, state, problem }: GpuStanding, usage: ReadonlyMap<string, number>): WorkerGpu {
  const percent = usage.get(gpu.id);
  return {
    name: gpu.name.slice(0, GPU_BOUNDS.name),
    ...(percent === undefined ? {} : { usage: rounded(percent) }),
    state,
    ...(problem === null ? {} : { problem: problem.slice(0, GPU_BOUNDS.problem) }),
  };
}

/** `2x NVIDIA L4, Intel Arc A380`. */
function joinNames(names: string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count}x ${name}`)).join(", ");
}

function rounded(percent: number): number {
  return Math.round(Math.min(100, Math.max(0, percent)) * 10) / 10;
}
