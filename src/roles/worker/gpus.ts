import type { Capabilities } from "../../shared/capabilities.ts";
import type { WorkerConfig } from "../../shared/config-worker.ts";
import type { Gpu, GpuFact, GpuUse, Rate } from "../../shared/gpu.ts";
import type { Logger } from "../../shared/log.ts";
import { identifyFfmpeg } from "./ffmpeg-identity.ts";
import { chooseGpu, usableGpus } from "./gpu-choice.ts";
import type { GpuStanding } from "./gpu-figures.ts";
import { deviceKey } from "./gpu-memory.ts";
import { type KeptMemory, keepMemory } from "./gpu-memory-file.ts";
import { createTurns } from "./turns.ts";
import type { Warnings } from "./warnings.ts";

/** What one attempt has of the GPUs, until it gives it back. */
export type GpuLease = {
  use: GpuUse;
  learn(fact: GpuFact): void;
  /**
   * Waits until no other attempt measures speeds, and says what is known by then; over with the fact `measured`. Only
   * its first call counts.
   */
  turn(): Promise<Rate[]>;
  /** At the end of the attempt, however it ended; more than once is the same as once. */
  release(): void;
};

/** The GPUs of this machine: which films they are given, and what films taught about them. */
export type Gpus = {
  /** What this machine can do now; before the first lease, and whenever that has changed. */
  see(capabilities: Capabilities): Promise<void>;
  /** `log` names the attempt. Never waits: where no GPU has a free slot, the film is converted without. */
  take(log?: Logger): GpuLease;
  standings(): GpuStanding[];
};

/** `file` keeps what was learned over restarts. */
type Parts = {
  config: Pick<WorkerConfig, "ffmpeg" | "vulkan">;
  file: string;
  log: Logger;
  warnings: Warnings;
  now_ms: () => number;
};

export function createGpus(parts: Parts): Gpus {
  const { ffmpeg, vulkan } = parts.config;
  const memory = keepMemory({ ...parts, onTrouble: tellTrouble(parts) });
  const used = new Map<string, number>();
  const count = (gpu: Gpu, change: number) => void used.set(gpu.id, (used.get(gpu.id) ?? 0) + change);
  const parked = (gpu: Gpu) => {
    const { state, problem } = memory.standing(gpu);
    return state === "parked" ? `${gpu.name} is ${problem}` : null;
  };
  const turns = createTurns();
  let usable: ReturnType<typeof usableGpus> = {
    gpus: [],
    why: "it is not known yet what this machine can do",
  };

  return {
    async see(capabilities) {
      usable = usableGpus(capabilities, { ...ffmpeg, ...vulkan });
      await memory.open(await identifyFfmpeg(capabilities.ffmpeg));
      tellUsable(parts, usable);
    },
    take(log = parts.log) {
      const slots = vulkan.slots_per_device;
      const { gpus, why } = usable;
      const found = why === null ? chooseGpu({ usable: gpus, slots, used, parked }) : { why };
      const gpu = "gpu" in found ? found.gpu : null;
      const use: GpuUse = {
        use_vulkan: ffmpeg.use_vulkan,
        device: gpu?.id ?? null,
        no_device: "why" in found ? found.why : null,
        families: ffmpeg.encoders,
        suspects: memory.suspects(),
        rates: memory.rates(),
        validation: vulkan.enable_validation,
      };
      let asked: ReturnType<typeof turns.ask> | null = null;
      const turn = async () => {
        asked ??= turns.ask();
        await asked.begun;
        return memory.rates();
      };
      const measured = () => asked?.end();
      if (gpu !== null) count(gpu, 1);
      const free = once(() => {
        if (gpu !== null) count(gpu, -1);
      });
      return { use, turn, ...keepRecord({ gpu, memory, log, free, measured }) };
    },
    standings: () => usable.gpus.map((gpu) => ({ gpu, ...memory.standing(gpu) })),
  };
}

/** A GPU that somebody asked for and that is not there is worth a warning; a machine without one is not. */
function tellUsable({ config, log, warnings }: Parts, { gpus, why }: ReturnType<typeof usableGpus>): void {
  const { use_vulkan } = config.ffmpeg;
  const { preferred_device } = config.vulkan;
  const named = preferred_device === "auto" ? null : `vulkan.preferred_device is "${preferred_device}"`;
  const wanted =
    use_vulkan === false ? null : (named ?? (use_vulkan === true ? "ffmpeg.use_vulkan is true" : null));
  const missed = why !== null && wanted !== null;
  warnings.set("gpus", missed ? `No GPU is used, although ${wanted}: ${why}.` : null);
  if (why === null) log.info("films may use GPUs", { gpus: gpus.map(({ name }) => name) });
  else if (missed) log.warn("no GPU is used", { reason: why });
  else log.info("no GPU is used", { reason: why });
}

/** What cannot be kept is learned again after a restart, perhaps from a film that fails: worth a warning. */
function tellTrouble({ file, log, warnings }: Parts): (why: string | null) => void {
  return (why) => {
    warnings.set(
      "memory",
      why === null ? null : `What is learned about GPUs cannot be kept in ${file}: ${why}.`,
    );
    if (why !== null) log.warn("what is learned about GPUs cannot be kept", { file, reason: why });
  };
}

/** How one attempt went, for the memory. */
function keepRecord(of: {
  gpu: Gpu | null;
  memory: KeptMemory;
  log: Logger;
  free: () => void;
  measured: () => void;
}): Pick<GpuLease, "learn" | "release"> {
  const { gpu, memory, log, free, measured } = of;
  let failed: string | null = null;
  let made_film = false;
  const conclude = once(() => {
    if (gpu === null) return;
    const before = memory.standing(gpu).state;
    memory.attemptEnded({ gpu, failed, made_film });
    const { state, problem } = memory.standing(gpu);
    if (state === "parked" && before !== "parked") log.warn("a GPU is parked", { gpu: gpu.name, problem });
  });
  return {
    learn(fact) {
      memory.learn(fact);
      if (fact.type === "unused") free();
      if (fact.type === "measured") measured();
      if (fact.type === "proven") made_film ||= isOn(gpu, fact.rung);
      if (fact.type !== "suspect") return;
      const { rung, why } = fact.suspect;
      log.warn("a GPU failed", { gpu: gpu?.name, rung, reason: why });
      if (isOn(gpu, rung)) failed = why;
    },
    release() {
      measured();
      free();
      conclude();
    },
  };
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

/** Encoders that choose their device themselves are on none of ours. */
function isOn(gpu: Gpu | null, rung: string): boolean {
  return gpu !== null && rung.startsWith(`${deviceKey(gpu)}: `);
}
