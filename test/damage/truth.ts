import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { BITS, BLOCK, FRAME_RATE, type NumberedFilm, SIZE } from "./films.ts";

/**
 * What a film really shows: each of its frames' numbers (null where unreadable), times and pictures; its sound; and
 * whether ffmpeg's decoders complained.
 */
export type Shown = Seen & { sound_ms: number; silent_ms: number };
type Seen = { frames: ShownFrame[]; complained: boolean };
type ShownFrame = { number: number | null; time_s: number; picture: Uint8Array };

/**
 * How a result differs from the whole original: frames that it neither shows nor has anything in their place (an end
 * that the file does not claim is not missed), frames at times when neither has one, pictures that are not the
 * original's, and those of them that the damaged source does not show either.
 */
export type Difference = {
  lost_frames: number;
  stray_frames: number;
  wrong_pictures: number;
  own_pictures: number;
  lost_sound_ms: number;
};

const SCALE = 4;
const SMALL = { width: SIZE.width / SCALE, height: SIZE.height / SCALE };
const PIXELS = SMALL.width * SMALL.height;
const FRAME_BYTES = 3 * PIXELS;

/** Decodes every frame and all sound of a file. */
export async function readShown(path: string, folder: string): Promise<Shown> {
  const seen = await readSeen(path, folder);
  const sound = join(folder, "shown.pcm");
  await decode(path, ["-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "s16le", sound]);
  return { ...seen, ...readSound(await takeBytes(sound)) };
}

/** Decodes every frame of a file. */
export async function readSeen(path: string, folder: string): Promise<Seen> {
  const pictures = join(folder, "shown.yuv");
  const filter = `scale=${SMALL.width}:${SMALL.height}:flags=area,format=yuv444p,showinfo`;
  const passed = ["-fps_mode", "passthrough", "-f", "rawvideo"];
  const said = await decode(path, ["-map", "0:v:0", "-vf", filter, ...passed, pictures]);
  const times = [...said.matchAll(/showinfo.* pts_time:\s*(-?[\d.]+)/g)].map((match) => Number(match[1]));
  const bytes = await takeBytes(pictures);
  const frames = times.map((time_s, n) => {
    const picture = bytes.subarray(n * FRAME_BYTES, (n + 1) * FRAME_BYTES);
    return { number: readNumber(picture), time_s, picture };
  });
  const complained = /\[(?:error|fatal)\]/.test(said);
  return { frames, complained };
}

async function decode(path: string, output: string[]): Promise<string> {
  const quiet = ["-hide_banner", "-v", "level+info", "-nostdin", "-nostats", "-y"];
  const argv = ["ffmpeg", ...quiet, "-i", `file:${path}`, ...output];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  await child.exited;
  return said;
}

/** None where there was nothing to decode. The next film finds nothing of this one. */
async function takeBytes(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(existsSync(path) ? await readFile(path) : []);
  await rm(path, { force: true });
  return bytes;
}

function readNumber(picture: Uint8Array): number | null {
  let number = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const x = Math.floor(((bit + 0.5) * BLOCK.width) / SCALE);
    const y = Math.floor(BLOCK.height / 2 / SCALE);
    const value = picture[y * SMALL.width + x] ?? 128;
    if (value > 90 && value < 160) return null;
    if (value >= 160) number += 2 ** bit;
  }
  return number;
}

const WINDOW = 160;

/** In windows of 20 ms; the tone of the original never stops. */
function readSound(bytes: Uint8Array): { sound_ms: number; silent_ms: number } {
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 2));
  let silent = 0;
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
    if (samples.subarray(at, at + WINDOW).every((value) => Math.abs(value) < 500)) silent += 1;
  }
  return { sound_ms: (samples.length / 8000) * 1000, silent_ms: silent * 20 };
}

/** Compares a result with the whole original that its source was before the damage. */
export function compareShown(of: {
  film: NumberedFilm;
  original: Shown;
  source: Seen;
  result: Shown;
}): Difference {
  const { film, original, result } = of;
  const pictures = new Map(original.frames.map(({ number, picture }) => [number, picture]));
  const placed = placeFrames(result.frames);
  const shown = new Set(placed.flatMap(({ place, number }) => [place, number ?? place]));
  const [first, last] = film.claims
    ? [0, Number.POSITIVE_INFINITY]
    : [Math.min(...shown), Math.max(...shown)];
  const lost = film.numbers.filter((number) => number >= first && number <= last && !shown.has(number));
  const wrong = placed.filter(({ place, picture }) => {
    const right = pictures.get(place);
    return right !== undefined && isOther(picture, right);
  });
  const first_s = result.frames[0]?.time_s ?? 0;
  const isAsSource = (frame: ShownFrame) => isShownBy(of.source, frame.time_s - first_s, frame);
  const own = wrong.filter((frame) => !isAsSource(frame));
  const stray = placed.filter((frame) => !film.numbers.includes(frame.place) && !isAsSource(frame));
  const heard_ms = result.sound_ms - result.silent_ms;
  const shown_ms = film.claims ? Number.POSITIVE_INFINITY : ((last - first + 1) * 1000) / FRAME_RATE;
  const expected_ms = Math.min(shown_ms, original.sound_ms - original.silent_ms);
  return {
    lost_frames: lost.length,
    stray_frames: stray.length,
    wrong_pictures: wrong.length,
    own_pictures: own.length,
    lost_sound_ms: Math.max(0, Math.round(expected_ms - heard_ms)),
  };
}

/** The number that each frame's time stands for, where most frames that can be read say that the film begins. */
function placeFrames(frames: ShownFrame[]): (ShownFrame & { place: number })[] {
  const begins = frames.flatMap(({ number, time_s }) =>
    number === null ? [] : [time_s - number / FRAME_RATE],
  );
  const begin_s = begins.toSorted((a, b) => a - b)[Math.floor(begins.length / 2)] ?? 0;
  return frames.map((frame) => ({ ...frame, place: Math.round((frame.time_s - begin_s) * FRAME_RATE) }));
}

/** Whether the source shows this picture about the same time after its first. */
function isShownBy(source: Seen, after_s: number, { picture }: ShownFrame): boolean {
  const first_s = source.frames[0]?.time_s ?? 0;
  return source.frames.some(
    (frame) =>
      Math.abs(frame.time_s - first_s - after_s) < 1.5 / FRAME_RATE && !isOther(picture, frame.picture),
  );
}

/** Encoding moves pictures of this size by 2 at most; a quarter of one that is green, or of another frame, by far more. */
const OTHER = 12;

function isOther(picture: Uint8Array, other: Uint8Array): boolean {
  let sum = 0;
  for (let n = 0; n < FRAME_BYTES; n += 1) sum += Math.abs((picture[n] ?? 0) - (other[n] ?? 0));
  return sum / FRAME_BYTES > OTHER;
}
