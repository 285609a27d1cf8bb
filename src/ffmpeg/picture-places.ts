import { type Film, type Frame, type Opening, readFrames } from "./frames.ts";

/**
 * Where pictures are taken. Nearly all of the cost is decoding from a keyframe to the place wanted: a short film is
 * therefore read once from end to end, and the source of a long one at its keyframes. The result, which often has
 * keyframes at the same cuts, is decoded without the frames that no other needs.
 */

/** `start_s` is where the file begins, `first_s` where the result's film does. */
export type PicturesInput = {
  ffmpeg_path: string;
  source: Film & { start_s: number };
  result: Film & { start_s: number; first_s: number };
  duration_s: number;
  frame_s: number;
  signal?: AbortSignal | undefined;
};

/** In seconds from the film's start. The first frame is there in the shortest film, but often black. */
export function placesOf({ duration_s }: { duration_s: number }): number[] {
  return [0, 0.1, 0.3, 0.5, 0.7, 0.9].map((place) => place * duration_s);
}

/** Some frames of the source from each place, or from the keyframe before it, on. */
export async function readSource(of: PicturesInput): Promise<Frame[][]> {
  const { source, frame_s } = of;
  const places_s = placesOf(of);
  if (of.duration_s < SHORT_S) {
    const from_s = places_s.map((place_s) => source.start_s + place_s);
    return readWindows(of, source, { from_s, width_s: SOURCE_FRAMES * frame_s, input: [] });
  }
  const read = (input: string[]) =>
    readFrames({ ...of, film: source, openings: places_s.map(seek(input, SOURCE_FRAMES)) });
  const sources = await read([INACCURATE]);
  const different = new Set(sources.map((frames) => frames[0]?.time_s));
  // Some films have keyframes only at their cuts, or one at all.
  return different.size === places_s.length ? sources : read([]);
}

/** Some frames of the result near those of the source; of a place without any, those near the place. */
export async function readResult(of: PicturesInput, sources: Frame[][]): Promise<Frame[][]> {
  const { result, frame_s } = of;
  const references = frame_s > SLOW_S ? [] : REFERENCES;
  const places_s = placesOf(of);
  if (of.duration_s < SHORT_S) {
    const from_s = sources.map((frames, n) => (frames[0]?.time_s ?? places_s[n] ?? 0) - AROUND * frame_s);
    const width_s = (AROUND + SOURCE_FRAMES) * frame_s;
    return readWindows(of, result, { from_s, width_s, input: references });
  }
  const openings = sources.map((frames, n) => {
    // Not the first: after an open GOP's keyframe some frames lack what they refer to.
    const time_s = frames[Math.min(SETTLED, frames.length - 1)]?.time_s ?? places_s[n] ?? 0;
    return Math.max(0, time_s - frame_s / 2 - result.start_s);
  });
  return readFrames({ ...of, film: result, openings: openings.map(seek(references, RESULT_FRAMES)) });
}

/** Six times the longest usual distance of keyframes, so that no frame of a shorter film is decoded twice. */
const SHORT_S = 60;
/** Enough to meet the next frame of the result that others need. */
const SOURCE_FRAMES = 10;
const SETTLED = 4;
const RESULT_FRAMES = 3;
/** A film's last frames may be such that no other needs. */
const AROUND = 10;
const REFERENCES = ["-skip_frame", "noref"];
/** Of slides, the next picture may be quite another one. */
const SLOW_S = 0.15;

function seek(input: string[], count: number): (place_s: number, n: number) => Opening {
  const first = `trim=end_frame=${count}`;
  return (place_s, n) => {
    if (n === 0) return { input: input.filter((option) => option !== INACCURATE), filter: first };
    const filter = input.includes(INACCURATE) ? `${FROM_KEYFRAME},${first}` : first;
    return { input: [...input, "-ss", place_s.toFixed(3)], filter };
  };
}

const INACCURATE = "-noaccurate_seek";
/**
 * In MPEG streams a seek lands anywhere, and decoders make grey pictures of frames that refer to earlier ones. A film
 * without keyframes mends itself little by little.
 */
const FROM_KEYFRAME = "select='st(0,max(ld(0),key+gte(n,600)))'";

/** The film's first frames, and those of windows that open at the later times, in one reading. */
async function readWindows(
  of: PicturesInput,
  film: Film,
  windows: { from_s: number[]; width_s: number; input: string[] },
): Promise<Frame[][]> {
  const { input, width_s } = windows;
  const [, ...from_s] = windows.from_s;
  const inside = from_s.map((time_s) => `between(t,${time_s.toFixed(3)},${(time_s + width_s).toFixed(3)})`);
  const filter = `select='${[`lt(n,${SOURCE_FRAMES})`, ...inside].join("+")}'`;
  const [frames = []] = await readFrames({ ...of, film, openings: [{ input, filter }] });
  const within = from_s.map((start_s) =>
    frames.filter(({ time_s }) => time_s >= start_s - 0.001 && time_s <= start_s + width_s + 0.001),
  );
  return [frames.slice(0, SOURCE_FRAMES), ...within];
}
