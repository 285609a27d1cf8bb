import type { Gpu } from "../../shared/gpu.ts";
import { createNvidiaSource } from "./gpu-load-nvidia.ts";
import { createSysfsSource } from "./gpu-load-sysfs.ts";

/** One way to learn loads: percent by the id of the Gpu, of those that it knows. It may take as long as it likes. */
export type LoadSource = (gpus: readonly Gpu[]) => Promise<Map<string, number>>;

export type GpuLoads = {
  /** Begins a look at these and does not wait for it; a source that still looks is not asked again. */
  look(gpus: readonly Gpu[]): void;
  /** What was seen last: percent by the id of the Gpu, without what is older than `fresh_ms`. */
  latest(): Map<string, number>;
};

/** Keeps the loads of GPUs. Nothing waits for a driver: who wants a figure takes the latest, or has none. */
export function createGpuLoads(options: {
  fresh_ms: number;
  sources?: LoadSource[];
  clock_ms?: () => number;
}): GpuLoads {
  const { fresh_ms, clock_ms = () => performance.now() } = options;
  const sources = options.sources ?? [createNvidiaSource(), createSysfsSource()];
  const seen = new Map<string, { usage: number; at_ms: number }>();
  const looking = new Set<LoadSource>();

  const ask = async (source: LoadSource, gpus: readonly Gpu[]) => {
    looking.add(source);
    try {
      for (const [id, usage] of await source(gpus)) seen.set(id, { usage, at_ms: clock_ms() });
    } finally {
      looking.delete(source);
    }
  };

  return {
    look(gpus) {
      if (gpus.length === 0) return;
      for (const source of sources) {
        // A figure that cannot be had is worth no more than its absence.
        if (!looking.has(source)) void ask(source, gpus).catch(() => {});
      }
    },
    latest() {
      const oldest_ms = clock_ms() - fresh_ms;
      const fresh = [...seen].filter(([, { at_ms }]) => at_ms >= oldest_ms);
      return new Map(fresh.map(([id, { usage }]) => [id, usage]));
    },
  };
}
