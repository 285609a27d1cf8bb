import { fileUrl, guardOptions } from "./guard.ts";
import {
  comparePictures,
  PICTURE_BYTES,
  PICTURE_SIZE,
  type PictureDifference,
} from "./picture-difference.ts";
import { captureTool } from "./tool.ts";

/**
 * One place of the film: how far the result's picture is from the source's, null where one of them has none; and how
 * much each has changed since the place before (mean difference), null where that cannot be said.
 */
export type PictureSample = {
  at_s: number;
  difference: PictureDifference | null;
  missing: "source" | "result" | null;
  change: { source: number; result: number } | null;
};

/**
 * Decodes the pictures of source and result at six places and compares them, small and upright, in YUV. The result
 * is looked at where the source's frame really is: not every source can be sought exactly. Neighbouring frames count
 * as well: after seeking, ffmpeg's times of some sources are off by half a frame. Throws VcError("ffmpeg") if ffmpeg does not start.
 */
export async function samplePictures(of: {
  ffmpeg_path: string;
  source: Film;
  result: Film;
  duration_s: number;
  frame_s: number;
  signal?: AbortSignal | undefined;
}): Promise<PictureSample[]> {
  const wanted_s = PLACES.map((place) => of.duration_s * place);
  const sources = await framesAt({ ...of, film: of.source, places_s: wanted_s });
  const found_s = sources.map((frames, n) => middle(frames)?.time_s ?? wanted_s[n] ?? 0);
  const places_s = found_s.map((time_s) => Math.max(0, time_s - 1.5 * of.frame_s));
  const results = await framesAt({ ...of, film: of.result, places_s });
  return sources.map((frames, n) => ({
    ...compareAt(found_s[n] ?? 0, frames, results[n] ?? []),
    change: changeOf([sources[n - 1], frames], [results[n - 1], results[n]]),
  }));
}

/** Of the whole duration. The first frame is there in the shortest film, but often black. */
const PLACES = [0, 0.1, 0.3, 0.5, 0.7, 0.9];
const FRAMES = 3;
const PICTURES_LIMIT_MS = 600_000;
/** Six decoders are open at once; each thread of theirs holds a frame. */
const DECODER_THREADS = "4";

type Film = { path: string; stream: number };
type Frame = { time_s: number; picture: Uint8Array };

/** Frames from each place (seconds from the film's start) on, with the times that they really have; by one ffmpeg. */
async function framesAt(of: {
  ffmpeg_path: string;
  film: Film;
  places_s: number[];
  signal?: AbortSignal | undefined;
}): Promise<Frame[][]> {
  const run = await captureTool({
    argv: framesCommand(of),
    limit_ms: PICTURES_LIMIT_MS,
    max_bytes: PICTURE_BYTES * 64,
    signal: of.signal,
  });
  let offset = 0;
  return of.places_s.map((place_s, n) =>
    shownTimes(run.stderr, n).flatMap((time_s) => {
      const picture = run.stdout.subarray(offset, offset + PICTURE_BYTES);
      offset += PICTURE_BYTES;
      return picture.length < PICTURE_BYTES ? [] : [{ time_s: place_s + time_s, picture }];
    }),
  );
}

function framesCommand(of: { ffmpeg_path: string; film: Film; places_s: number[] }): string[] {
  const { film, places_s } = of;
  const inputs = places_s.flatMap((place_s) => [
    ...["-threads", DECODER_THREADS, ...guardOptions()],
    ...["-ss", place_s.toFixed(3), "-i", fileUrl(film.path)],
  ]);
  const small = `scale=${PICTURE_SIZE}:${PICTURE_SIZE}:flags=area:out_range=tv,format=yuv444p,setsar=1`;
  const chains = places_s.map(
    (_, n) => `[${n}:${film.stream}]trim=end_frame=${FRAMES},${small},showinfo@place${n}[v${n}]`,
  );
  const joined = `${places_s.map((_, n) => `[v${n}]`).join("")}concat=n=${places_s.length}:v=1:a=0[out]`;
  return [
    ...[of.ffmpeg_path, "-hide_banner", "-nostdin", "-nostats", "-v", "info", ...inputs],
    ...["-filter_complex", [...chains, joined].join(";"), "-map", "[out]"],
    ...["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
  ];
}

/** The showinfo filter tells each frame's time, counted from the place that was sought. */
function shownTimes(stderr: string, place: number): number[] {
  const lines = new RegExp(`\\[showinfo@place${place} @ [^\\]]*\\] n: .* pts_time:\\s*(-?[\\d.]+)`, "g");
  return [...stderr.matchAll(lines)].map((match) => Number(match[1]));
}

function middle(frames: Frame[]): Frame | undefined {
  return frames[Math.min(1, frames.length - 1)];
}

function compareAt(at_s: number, sources: Frame[], results: Frame[]): Omit<PictureSample, "change"> {
  if (sources.length === 0) return { at_s, difference: null, missing: "source" };
  if (results.length === 0) return { at_s, difference: null, missing: "result" };
  const differences = sources.flatMap((source) =>
    results.map((result) => comparePictures(source.picture, result.picture)),
  );
  const difference = differences.reduce((least, one) => (one.mean < least.mean ? one : least));
  return { at_s, difference, missing: null };
}

type Pair = [Frame[] | undefined, Frame[] | undefined];

function changeOf(sources: Pair, results: Pair): PictureSample["change"] {
  const [source, result] = [sources, results].map(([before, after]) => {
    const [one, other] = [before?.[0], after?.[0]];
    return one === undefined || other === undefined ? null : comparePictures(one.picture, other.picture).mean;
  });
  return source == null || result == null ? null : { source, result };
}
