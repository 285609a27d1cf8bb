import type { MediaInfo } from "../shared/media.ts";
import {
  createRestarts,
  type Multiplex,
  mayRestart,
  multiplexOf,
  type Restart,
  readTicks,
  type Tick,
} from "./clocks.ts";
import { isStream, sourceUrl } from "./guard.ts";
import { inspect } from "./inspect.ts";
import { measurePart, type Part } from "./join-part.ts";
import { canJoin, joinedSource } from "./joined.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { findSecondFilm } from "./second-film.ts";
import { type OpenSource, openSource } from "./source.ts";

type Of = { ffprobe_path: string; path: string; media: MediaInfo; signal?: AbortSignal | undefined };

/**
 * What is to be read instead of a file that was glued from films with a clock each (`cat a.vob b.vob`): those films one
 * after the other, which ffmpeg would not keep in step by itself. Any other file as it is. Reads some megabytes of a program or
 * transport stream, and all of it only where its clock seems to start anew; of others, where a second film may begin, which is
 * refused. Throws as inspect does.
 */
export async function lookAtJoins(
  of: Of,
): Promise<{ path: string; media: MediaInfo } | { refusal: Refusal }> {
  const file = await openSource(of.path);
  if (file === null) return of;
  try {
    if (!["mpeg", "mpegts"].includes(of.media.format))
      return refuseSecond(await findSecondFilm(file, of.media.format)) ?? of;
    const restarts = await findRestarts(file, of.signal);
    return restarts.length === 0 ? of : await join(of, file.size, restarts);
  } finally {
    await file.close();
  }
}

function refuseSecond(at: number | null): { refusal: Refusal } | null {
  if (at === null) return null;
  const message = `The file holds a second film, from byte ${at} on, which players and ffmpeg do not show behind the first one: it was glued from parts. Split it there, and convert the parts.`;
  return refusal("permanent", "unsupported", message);
}

const SAMPLES = 64;
/** Clocks are told ten times a second at least (ISO 13818-1, 2.7.1 and 2.7.2): 20 Mbit/s in such a time. */
const SAMPLE_BYTES = 262_144;

async function findRestarts(file: OpenSource, signal: AbortSignal | undefined): Promise<Restart[]> {
  const multiplex = multiplexOf(await file.read({ at: 0, length: SAMPLE_BYTES }));
  if (multiplex === null) return [];
  if (file.size > SAMPLES * SAMPLE_BYTES && !mayRestart(await sample(file, multiplex))) return [];
  const restarts = createRestarts();
  for (let at = 0; at < file.size; ) {
    signal?.throwIfAborted();
    const piece = await file.read({ at, length: SAMPLE_BYTES });
    const { ticks, rest } = readTicks(piece, multiplex, at);
    for (const tick of ticks) restarts.add(tick);
    if (at + piece.length >= file.size || piece.length === 0) break;
    at += rest === 0 ? piece.length : rest;
  }
  return restarts.result();
}

async function sample(file: OpenSource, multiplex: Multiplex): Promise<Tick[][]> {
  const samples: Tick[][] = [];
  for (let n = 0; n <= SAMPLES; n += 1) {
    const at = Math.floor((n * (file.size - SAMPLE_BYTES)) / SAMPLES);
    samples.push(readTicks(await file.read({ at, length: SAMPLE_BYTES }), multiplex, at).ticks);
  }
  return samples;
}

async function join(of: Of, size: number, restarts: Restart[]): ReturnType<typeof lookAtJoins> {
  const unfit = refuseRestarts(of.path, restarts);
  if (unfit !== null) return unfit;
  const begins = [0, ...restarts.map(({ at }) => at)];
  const parts: Part[] = [];
  for (const [n, from] of begins.entries()) {
    const span = { from, to: begins[n + 1] ?? size };
    const part = await measurePart({ ...of, span, format: of.media.format });
    if (part === null) return refuse(restarts, `part ${n + 1} cannot be read by itself`);
    parts.push(part);
  }
  const torn = restarts.findIndex(
    ({ jump_s }, n) => jump_s > 0 && parts[n + 1]?.begins_with_keyframe !== true,
  );
  if (torn !== -1) return lacking(restarts[torn]);
  const wrong = wrongParts(parts, restarts);
  if (wrong !== null) return refuse(restarts, wrong);
  const tracks = parts[0]?.tracks.map(({ id }) => id) ?? [];
  const { format } = of.media;
  const path = joinedSource({ path: of.path, url: sourceUrl(of.path), format, tracks, parts });
  const inspected = await inspect({ ...of, path });
  if ("refusal" in inspected) return inspected;
  // ffprobe says of every track that it lasts as long as the longest one, and that the film begins with the sound.
  const video = inspected.media.video.map((one) => ({ ...one, duration_s: null, start_s: 0 }));
  return { path, media: { ...inspected.media, video, start_s: 0, joins: joinsOf(parts) } };
}

/** ffmpeg holds every part open: more are damage. */
const MOST_PARTS = 100;

function refuseRestarts(path: string, restarts: Restart[]): { refusal: Refusal } | null {
  if (restarts.length >= MOST_PARTS) return refuse(restarts, "these are more than are taken");
  if (restarts.some(({ whole }) => !whole))
    return refuse(restarts, "the second part does not begin as a file does");
  if (isStream(path)) return elsewhere(restarts);
  return canJoin(path) ? null : refuse(restarts, "the file's name has a line's end in it");
}

/** Why the parts make no film together, in words; null if they do. */
function wrongParts(parts: Part[], restarts: Restart[]): string | null {
  const [first, ...others] = parts.map(filmTracks);
  const other = others.findIndex((tracks) => tracks !== first);
  if (other !== -1) return `part ${other + 2} has other tracks than the first one`;
  const shapes = parts.map(pixelsOf);
  const stretched = shapes.findIndex((shape) => shape !== shapes[0]);
  if (stretched !== -1)
    return `the pictures of part ${stretched + 1} have another shape than those of the first one`;
  const lengths_s = parts.slice(1).map(({ duration_s }) => duration_s);
  const mixed = lengths_s.findIndex((length_s, n) => length_s > (restarts[n]?.lasts_s ?? 0) + MIXED_S);
  return mixed === -1 ? null : `pieces of part ${mixed + 1} and part ${mixed + 2} lie between each other`;
}

function filmTracks({ tracks }: Part): string {
  const film = tracks.filter(({ kind }) => kind === "video" || kind === "audio");
  return film
    .map(({ id, codec }) => `${id} ${codec}`)
    .toSorted()
    .join();
}

/** As one film, all would be shown in the shape of the first. */
function pixelsOf({ tracks }: Part): string | undefined {
  return tracks.find(({ kind }) => kind === "video")?.pixels;
}

/** Pictures are sent some tenths of a second before they are shown, one that stands still for much longer. */
const MIXED_S = 10;

function refuse(restarts: Restart[], why: string): { refusal: Refusal } {
  const message = `${gluedAt(restarts)}, and cannot be made one film (${why}). Split it there, and convert the parts.`;
  return refusal("permanent", "unsupported", message);
}

/** Not for good: another worker may have the file at hand. */
function elsewhere(restarts: Restart[]): { refusal: Refusal } {
  const message = `${gluedAt(restarts)}; parts are joined only where the file is at hand, and this worker reads it over HTTP. Let a worker have it by storage.source: mount or download.`;
  return refusal("retry", "unsupported", message);
}

function gluedAt(restarts: Restart[]): string {
  const count = restarts.length === 1 ? "once" : `${restarts.length} times`;
  return `The film's clock starts anew ${count}, first at byte ${restarts[0]?.at} of the file: it was glued from parts`;
}

/** Films that were glued begin with a keyframe; where a recording lacks a piece, it hardly goes on with one. */
function lacking(restart: Restart | undefined): { refusal: Refusal } {
  const { at = 0, jump_s = 0 } = restart ?? {};
  const message = `Parts of the film are missing: its clock jumps ahead by ${Math.round(jump_s)} s at byte ${at} of the file, where it goes on in the middle of its pictures.`;
  return refusal("permanent", "source_damaged", message);
}

function joinsOf(parts: Part[]): NonNullable<MediaInfo["joins"]> {
  const [first, ...others] = parts;
  const at_s: number[] = [];
  for (const part of parts.slice(0, -1)) at_s.push((at_s.at(-1) ?? 0) + part.duration_s);
  const known = new Set(first?.tracks.map(({ id }) => id));
  const all = new Set(others.flatMap(({ tracks }) => tracks.map(({ id }) => id)));
  return { at_s, unread: [...all].filter((id) => !known.has(id)).length };
}
