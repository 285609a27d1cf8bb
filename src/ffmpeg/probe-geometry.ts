import type { Rational, VideoStream } from "../shared/media.ts";
import type { ProbedStream } from "./probe-schema.ts";

type Geometry = Pick<
  VideoStream,
  "rotation" | "mirrored" | "tilted" | "turned_in_pictures" | "sample_aspect_ratio" | "crop" | "oddities"
>;

/**
 * How a stream's header wants its pictures shown. What no film can mean (pixels a thousand times as high as wide)
 * is left out and named in `oddities`.
 */
export function parseGeometry(stream: ProbedStream): Geometry {
  const { num, den } = stretched(stream) ?? stream.sample_aspect_ratio ?? SQUARE;
  const sane = num / den >= 1 / MOST_ASPECT && num / den <= MOST_ASPECT;
  const squared = `The file says that its pixels are ${num}:${den}, which cannot be; they were taken for square.`;
  return {
    ...orientation(stream),
    sample_aspect_ratio: sane ? { num, den } : SQUARE,
    turned_in_pictures: false,
    crop: toldCrop(stream),
    oddities: sane ? [] : [squared],
  };
}

const SQUARE: Rational = { num: 1, den: 1 };
/** The pixels of anamorphic films are at most 2:1; ten times leaves room for what is meant as art. */
const MOST_ASPECT = 10;

/**
 * The shape of pixels by a display matrix that scales width and height differently, as stored. ffmpeg sees it only where
 * the sample description has no shape (pasp) of its own; one of its own that is not square stands.
 */
function stretched({ sample_aspect_ratio, side_data_list }: ProbedStream): Rational | null {
  const own = sample_aspect_ratio ?? SQUARE;
  const matrix = parseMatrix(side_data_list.find(({ rotation }) => rotation !== null)?.displaymatrix ?? null);
  if (matrix === null || own.num !== own.den) return null;
  const [a, b, c, d] = matrix;
  const [num, den] = [Math.round(Math.hypot(a, b)), Math.round(Math.hypot(c, d))];
  return num === 0 || den === 0 || Math.abs(num / den - 1) < LEAST_STRETCH ? null : { num, den };
}

/** As libavformat/mov.c has it: rounding leaves less. */
const LEAST_STRETCH = 0.01;

type Turn = { rotation: number; mirrored: boolean; tilted: number | null };

/** ffprobe's display matrix, or else the older tag, which counts with the clock. */
function orientation(stream: ProbedStream): Turn {
  const data = stream.side_data_list.find(({ rotation }) => rotation !== null);
  const matrix = parseMatrix(data?.displaymatrix ?? null);
  if (matrix !== null) return turnOf(matrix);
  const clockwise =
    data?.rotation === undefined || data.rotation === null ? Number(stream.tags.rotate ?? 0) : -data.rotation;
  return quarters(Number.isFinite(clockwise) ? clockwise : 0, false);
}

/** ffprobe's text of a display matrix; one that it cannot be turns nothing. */
export function parseTurn(text: string): Turn {
  const matrix = parseMatrix(text);
  return matrix === null ? quarters(0, false) : turnOf(matrix);
}

/** The upper left numbers a, b, c, d of a matrix such as "\n00000000: 0 65536 0\n00000001: -65536 0 0\n...". */
function parseMatrix(text: string | null): [number, number, number, number] | null {
  const rows = [...(text ?? "").matchAll(/^\s*\d+:\s+(-?\d+)\s+(-?\d+)\s+-?\d+/gm)];
  const [a, b, c, d] = rows.slice(0, 2).flatMap((row) => [Number(row[1]), Number(row[2])]);
  return a === undefined || b === undefined || c === undefined || d === undefined ? null : [a, b, c, d];
}

/** ISO 14496-12, 8.3.2: x' = ax + cy, y' = bx + dy, y downwards. A mirror is what turns right into left hands. */
function turnOf([a, b, c, d]: [number, number, number, number]): Turn {
  const mirrored = a * d - b * c < 0;
  return quarters((Math.atan2(b, mirrored ? -a : a) * 180) / Math.PI, mirrored);
}

function quarters(clockwise: number, mirrored: boolean): Turn {
  const whole = Math.round(clockwise / 90) * 90;
  if (Math.abs(clockwise - whole) >= 1)
    return { rotation: 0, mirrored: false, tilted: Math.round(clockwise) };
  return { rotation: ((whole % 360) + 360) % 360, mirrored, tilted: null };
}

/** What ffmpeg 7.1 and later tell and do by themselves. */
function toldCrop(stream: ProbedStream): VideoStream["crop"] {
  const told = stream.side_data_list.find(({ side_data_type }) => side_data_type === "Frame Cropping");
  if (told === undefined) return null;
  const { crop_left, crop_top, crop_right, crop_bottom } = told;
  const sides = {
    left: crop_left ?? 0,
    top: crop_top ?? 0,
    right: crop_right ?? 0,
    bottom: crop_bottom ?? 0,
  };
  return Object.values(sides).some((side) => side > 0) ? { ...sides, by_ffmpeg: true } : null;
}
