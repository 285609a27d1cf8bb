import { cpus, totalmem } from "node:os";
import { availableMemory } from "../../shared/platform.ts";

/** Percentages, 0 to 100. */
export type Load = { cpu_usage: number; memory_usage: number };

/** A shorter time says nothing: the kernel counts in ticks of 1 to 10 ms. */
const SHORTEST_MS = 500;

/** Measures this machine's load; `cpu_usage` covers the time since the last call (or since the meter was made). */
export function createLoadMeter(): () => Promise<Load> {
  let last = { ...cpuTimes(), at_ms: performance.now() };
  return async () => {
    await Bun.sleep(Math.max(0, SHORTEST_MS - (performance.now() - last.at_ms)));
    const now = { ...cpuTimes(), at_ms: performance.now() };
    const total = now.total - last.total;
    const cpu_usage = total > 0 ? (100 * (now.busy - last.busy)) / total : 0;
    last = now;
    const memory_usage = 100 * (1 - (await availableMemory()) / totalmem());
    return { cpu_usage: round(cpu_usage), memory_usage: round(memory_usage) };
  };
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
