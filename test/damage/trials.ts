import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ConvertResult, convertFile } from "../../src/ffmpeg/convert.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import { CPU_ONLY } from "../../src/shared/gpu.ts";
import { conversion } from "../ffmpeg/records.ts";
import { createRandom } from "../sim/random.ts";
import { damageFile } from "./faults.ts";
import { makeFilm, type NumberedFilm } from "./films.ts";
import { compareShown, type Difference, readSeen, readShown, type Shown } from "./truth.ts";

/** One damaged film, and what became of it. `difference` is null where nothing was published. */
export type Trial = {
  film: string;
  kind: string;
  seed: number;
  what: string;
  answer: string;
  notes: string[];
  /** The end of what ffmpeg said. */
  log: string;
  difference: Difference | null;
  verdict: Verdict;
};

/**
 * `told`: a gap in a film of variable rate that a note names. `unknowable`: the pictures are wrong, but as the source's
 * decoder shows them, which found nothing to complain about. `refused` says nothing about whether that was right:
 * only whole films must never be.
 */
export const VERDICTS = ["good", "told", "unknowable", "refused", "bad", "wrongly refused"] as const;
export type Verdict = (typeof VERDICTS)[number];

export type Bench = { films: Map<string, { film: NumberedFilm; original: Shown }>; folder: string };

/** Makes films in a folder and looks at what they show. */
export async function makeBench(folder: string, names: string[]): Promise<Bench> {
  const films: Bench["films"] = new Map();
  for (const name of names) {
    const film = await makeFilm(name, folder);
    films.set(name, { film, original: await readShown(film.path, folder) });
  }
  return { films, folder };
}

/** Damages a film by a seed, converts it, and compares the verdict with the truth; null where the fault cannot be. */
export async function tryDamage(of: {
  bench: Bench;
  name: string;
  kind: string;
  seed: number;
  capabilities: Capabilities;
}): Promise<Trial | null> {
  const { bench, name, kind, seed } = of;
  const known = bench.films.get(name);
  if (known === undefined) throw new Error(`there is no film ${name}`);
  const bytes = new Uint8Array(await Bun.file(known.film.path).arrayBuffer());
  const damaged = damageFile({ name, kind, bytes, random: createRandom(seed) });
  if (damaged === null) return null;
  const folder = join(bench.folder, `${name}-${kind.replaceAll(" ", "-")}-${seed}`);
  await Bun.$`mkdir -p ${folder}`;
  const [source, target] = [join(folder, name), join(folder, "result.mp4")];
  await writeFile(source, damaged.bytes);
  try {
    const ended = await convert({ source, target, capabilities: of.capabilities });
    const done = ended.outcome === "done";
    const shown = done ? await readSeen(source, folder) : null;
    const difference =
      shown === null
        ? null
        : compareShown({ ...known, source: shown, result: await readShown(target, folder) });
    const notes = ended.report.notes ?? [];
    const answer = done ? "published" : `${ended.reason}: ${ended.message}`;
    const complained = shown?.complained ?? false;
    const verdict = judgeTrial({ kind, film: known.film, complained, difference, notes });
    return {
      film: name,
      kind,
      seed,
      what: damaged.what,
      answer,
      notes,
      log: ended.report.log_tail ?? "",
      difference,
      verdict,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function convert(of: { source: string; target: string; capabilities: Capabilities }): Promise<ConvertResult> {
  return convertFile({
    ...of,
    conversion: conversion(),
    gpu: CPU_ONLY,
    limits: { job_timeout_ms: 0, ffmpeg_timeout_ms: 0, stall_timeout_ms: 60_000 },
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
}

/** No more than one frame lost, or one picture wrong; where the rate is not constant, a gap that the notes name. */
function judgeTrial(of: {
  kind: string;
  film: NumberedFilm;
  complained: boolean;
  difference: Difference | null;
  notes: string[];
}): Verdict {
  const { kind, difference } = of;
  if (difference === null) return kind === "none" ? "wrongly refused" : "refused";
  const { lost_frames, stray_frames, wrong_pictures, own_pictures, lost_sound_ms } = difference;
  const told = !of.film.constant && of.notes.some((note) => note.includes("no frame"));
  if ((lost_frames > 1 && !told) || stray_frames > 1 || own_pictures > 1) return "bad";
  if (lost_sound_ms > (of.film.claims ? LOST_SOUND_MS : LOST_END_MS)) return "bad";
  if (wrong_pictures > 1) return of.complained ? "bad" : "unknowable";
  return lost_frames > 1 ? "told" : "good";
}

/** A few clicks. */
const LOST_SOUND_MS = 300;
/** Where nothing says how long a film is, its sound may end this much before its picture: so far apart they may lie in the file. */
const LOST_END_MS = 1500;
