import { cpus, totalmem } from "node:os";
import { availableMemory } from "../../shared/platform.ts";
import { type GpuFigures, type GpuStanding, gpuFigures } from "./gpu-figures.ts";
import type { GpuLoads } from "./gpu-load.ts";

/** Percentages, 0 to 100, in the words of a heartbeat. */
export type Load = { cpu_usage: number; memory_usage: number } & GpuFigures;

/** The GPUs as they stand at each measurement, and who knows their loads. */
export type GpuParts = { standings: () => GpuStanding[]; loads: GpuLoads };

/** A shorter time says nothing: the kernel counts in ticks of 1 to 10 ms. */
const SHORTEST_MS = 500;

/**
 * Measures this machine's load; `cpu_usage` covers the time since the last call (or since the meter was made). What is
 * told of GPUs was seen at the call before: each call begins a new look at them and does not wait for it.
 */
export function createLoadMeter(gpus: GpuParts | null = null): () => Promise<Load> {
  let last = { ...cpuTimes(), at_ms: performance.now() };
  return async () => {
    await Bun.sleep(Math.max(0, SHORTEST_MS - (performance.now() - last.at_ms)));
    const now = { ...cpuTimes(), at_ms: performance.now() };
    const total = now.total - last.total;
    const cpu_usage = total > 0 ? (100 * (now.busy - last.busy)) / total : 0;
    last = now;
    const memory_usage = 100 * (1 - (await availableMemory()) / totalmem());
    return { cpu_usage: round(cpu_usage), memory_usage: round(memory_usage), ...figuresOf(gpus) };
  };
}

function figuresOf(gpus: GpuParts | null): GpuFigures {
  if (gpus === null) return { vulkan_available: false };
  const standings = gpus.standings();
  const figures = gpuFigures(standings, gpus.loads.latest());
  gpus.loads.look(standings.map(({ gpu }) => gpu));
  return figures;
}

function cpuTimes(): { busy: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { busy: total - idle, total };
}

function round(percent: number): number {
  return Math.round(Math.min(100, Math.max(0, percent)) * 10) / 10;
}
