import { fileUrl, guardOptions } from "./guard.ts";
import {
  comparePictures,
  PICTURE_BYTES,
  PICTURE_SIZE,
  type PictureDifference,
} from "./picture-difference.ts";
import { captureTool } from "./tool.ts";

/** One place of the film: how far the result's picture is from the source's; null where one of them has none. */
export type PictureSample = {
  at_s: number;
  difference: PictureDifference | null;
  missing: "source" | "result" | null;
};

/**
 * Decodes the pictures of source and result at five places and compares them, small and upright, in YUV. The result
 * is looked at where the source's frame really is: not every source can be sought exactly. Neighbouring frames of
 * the source count as well, as times may be off by one unit.
 */
export async function samplePictures(of: {
  ffmpeg_path: string;
  source: { path: string; stream: number };
  result: { path: string; stream: number };
  duration_s: number;
  signal?: AbortSignal | undefined;
}): Promise<PictureSample[]> {
  const samples: PictureSample[] = [];
  for (const place of PLACES) {
    const at_s = Math.floor(of.duration_s * place * 1000) / 1000;
    samples.push(await compareAt({ ...of, at_s }));
  }
  return samples;
}

/** Of the whole duration. The very ends are left out: they are often black. */
const PLACES = [0.1, 0.3, 0.5, 0.7, 0.9];
const PICTURE_LIMIT_MS = 120_000;

type Film = { path: string; stream: number };
type Frame = { time_s: number; picture: Uint8Array };

async function compareAt(of: {
  ffmpeg_path: string;
  source: Film;
  result: Film;
  at_s: number;
  signal?: AbortSignal | undefined;
}): Promise<PictureSample> {
  const { at_s } = of;
  const sources = await frames({ ...of, film: of.source, count: 3 });
  const middle = sources[Math.min(1, sources.length - 1)];
  if (middle === undefined) return { at_s, difference: null, missing: "source" };
  const [result] = await frames({
    ...of,
    film: of.result,
    at_s: Math.max(0, middle.time_s - 0.001),
    count: 1,
  });
  if (result === undefined) return { at_s: middle.time_s, difference: null, missing: "result" };
  const differences = sources.map((frame) => comparePictures(frame.picture, result.picture));
  const best = differences.reduce((least, one) => (one.mean < least.mean ? one : least));
  return { at_s: middle.time_s, difference: best, missing: null };
}

/** Frames from `at_s` (seconds from the film's start) on, with the times that they really have. */
async function frames(of: {
  ffmpeg_path: string;
  film: Film;
  at_s: number;
  count: number;
  signal?: AbortSignal | undefined;
}): Promise<Frame[]> {
  const seek = ["-ss", of.at_s.toFixed(3)];
  const small = `scale=${PICTURE_SIZE}:${PICTURE_SIZE}:flags=area:out_range=tv,format=yuv444p,showinfo`;
  const pictures = [
    "-map",
    `0:${of.film.stream}`,
    "-vf",
    small,
    "-fps_mode",
    "passthrough",
    "-frames:v",
    String(of.count),
  ];
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg_path, "-hide_banner", "-nostdin", "-nostats", "-v", "info", ...guardOptions(), ...seek],
      ...["-i", fileUrl(of.film.path), ...pictures, "-f", "rawvideo", "pipe:1"],
    ],
    limit_ms: PICTURE_LIMIT_MS,
    max_bytes: PICTURE_BYTES * 16,
    signal: of.signal,
  });
  const times = [...run.stderr.matchAll(/ pts_time:\s*(-?[\d.]+)/g)].map((match) => Number(match[1]));
  const count = Math.floor(run.stdout.length / PICTURE_BYTES);
  return Array.from({ length: Math.min(count, of.count) }, (_, n) => ({
    time_s: of.at_s + (times[n] ?? 0),
    picture: run.stdout.subarray(n * PICTURE_BYTES, (n + 1) * PICTURE_BYTES),
  }));
}
