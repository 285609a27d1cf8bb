import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { fileTrouble } from "../../shared/errors.ts";
import type { Gpu, GpuFact, Rate, Suspect } from "../../shared/gpu.ts";
import {
  attemptEnded,
  deviceKey,
  emptyMemory,
  GpuMemory,
  learn,
  ratesAt,
  standingOf,
  suspectsAt,
} from "./gpu-memory.ts";

/** What was learned about this machine's GPUs, as it stands now, kept in a file over restarts. */
export type KeptMemory = {
  /** Reads what was learned with this ffmpeg, which any text names that changes when it does. */
  open(ffmpeg: string): Promise<void>;
  suspects(): Suspect[];
  rates(): Rate[];
  standing(gpu: Gpu): ReturnType<typeof standingOf>;
  learn(fact: GpuFact): void;
  attemptEnded(of: { gpu: Gpu; failed: string | null; made_film: boolean }): void;
};

/** Where it lies in the folder for what can be made again. */
export function gpuMemoryFile(cache_path: string): string {
  return join(cache_path, "gpu-memory.json");
}

/** `onTrouble` is told why the file cannot be written whenever that changes; null: it can again. */
export function keepMemory(of: {
  file: string;
  now_ms: () => number;
  onTrouble: (why: string | null) => void;
}): KeptMemory {
  const { file, now_ms } = of;
  let trouble: string | null = null;
  let memory = emptyMemory("");
  let saved = Promise.resolve();
  let kept = false;
  // Who removes the file wants all of it forgotten, also by a worker that runs.
  const seen = () => {
    if (kept && !existsSync(file)) memory = emptyMemory(memory.ffmpeg);
    return memory;
  };
  const remember = (now: GpuMemory) => {
    if (now === memory) return;
    memory = now;
    saved = saved.then(async () => {
      const why = await write(file, now);
      kept = why === null;
      if (why !== trouble) of.onTrouble(why);
      trouble = why;
    });
  };
  return {
    async open(ffmpeg) {
      await saved;
      memory = await readMemory(file, ffmpeg);
      kept = existsSync(file);
    },
    suspects: () => suspectsAt(seen(), now_ms()),
    rates: () => ratesAt(seen(), now_ms()),
    standing: (gpu) => standingOf(seen(), deviceKey(gpu), now_ms()),
    learn: (fact) => remember(learn(seen(), fact, now_ms())),
    attemptEnded: ({ gpu, ...how }) =>
      remember(attemptEnded(seen(), { device: deviceKey(gpu), ...how }, now_ms())),
  };
}

/** Nothing where the file is missing, broken, or of another ffmpeg: all in it can be learned again. */
export async function readMemory(path: string, ffmpeg: string): Promise<GpuMemory> {
  const text = await readFile(path, "utf8").catch(() => "");
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), GpuMemory), text);
  return parsed.success && parsed.output.ffmpeg === ffmpeg ? parsed.output : emptyMemory(ffmpeg);
}

/** Whole or not at all; why not, or null. A memory that cannot be kept costs some failures after a restart. */
async function write(path: string, memory: GpuMemory): Promise<string | null> {
  const draft = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, JSON.stringify(memory));
    await rename(draft, path);
    return null;
  } catch (error) {
    return fileTrouble(error);
  }
}
