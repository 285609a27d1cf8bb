import type { BitDepth } from "../shared/gpu.ts";

/**
 * The pictures that trials feed to encoders and filters, and how what comes out is judged. All are 4:2:0 in three
 * planes; samples of 10 bits take two bytes, the low one first.
 */

/**
 * 384x136, or the next larger size that is a multiple of `align`. The height is no multiple of 16, as that of 1080p is
 * none, so encoders must crop; 384x128 is the smallest that some NVIDIA cards take.
 */
export function trialSize(align = { width: 2, height: 2 }): { width: number; height: number } {
  const up = (size: number, step: number) => Math.ceil(size / step) * step;
  return { width: up(384, align.width), height: up(136, align.height) };
}

export const TRIAL_RATE = { num: 25, den: 1 };
/** Enough for B frames; encoders on the CPU are tried at every first start. */
const TRIAL_FRAMES = 8;

export type PictureKind = { width: number; height: number; bit_depth: BitDepth };

/** Waves and a block that move: smooth where scaling must not matter, with edges that no shift can hide. */
export function trialPictures({ width, height, bit_depth }: PictureKind): Uint8Array {
  const size = { width, height };
  const samples = new Uint16Array(TRIAL_FRAMES * pictureBytes({ ...size, bit_depth: 8 }));
  let at = 0;
  for (let n = 0; n < TRIAL_FRAMES; n += 1) {
    for (const [plane, [wide, high]] of planes(size).entries()) {
      const along = Float64Array.from({ length: wide }, (_, x) => wave(x + 6 * n, 150, plane));
      const down = Float64Array.from({ length: high }, (_, y) => wave(y - 3 * n, 120, plane + 1));
      for (let y = 0; y < high; y += 1)
        for (let x = 0; x < wide; x += 1, at += 1)
          samples[at] = 420 + (along[x] ?? 0) + (down[y] ?? 0) + (isInBlock(x, y, n) ? 170 : 0);
    }
  }
  return toBytes(bit_depth === 8 ? samples.map((sample) => sample / 4) : samples, bit_depth);
}

/** Each picture at half its width and height, every sample the mean of four, as a bilinear filter has it. */
export function halved(pictures: Uint8Array, { width, height, bit_depth }: PictureKind): Uint8Array {
  const from = toSamples(pictures, bit_depth);
  const samples = new Uint16Array(from.length / 4);
  const at = (index: number) => from[index] ?? 0;
  let next = 0;
  for (let start = 0; start < from.length; ) {
    for (const [wide, high] of planes({ width, height })) {
      for (let y = 0; y < high; y += 2)
        for (let x = 0; x < wide; x += 2, next += 1) {
          const corner = start + y * wide + x;
          const four = at(corner) + at(corner + 1) + at(corner + wide) + at(corner + wide + 1);
          samples[next] = Math.round(four / 4);
        }
      start += wide * high;
    }
  }
  return toBytes(samples, bit_depth);
}

/**
 * Why the pictures are not those that were expected; null where they are. `tolerance` is the mean absolute difference
 * of all samples of a picture, in steps of 8 bits.
 */
export function judgePictures(of: {
  expected: Uint8Array;
  got: Uint8Array;
  kind: PictureKind;
  tolerance: number;
}): string | null {
  const { kind } = of;
  const bytes = pictureBytes(kind);
  const [wanted, came] = [of.expected.length / bytes, of.got.length / bytes];
  if (wanted !== came) return `${Number(came.toFixed(2))} of ${wanted} pictures came out`;
  const [expected, got] = [toSamples(of.expected, kind.bit_depth), toSamples(of.got, kind.bit_depth)];
  const length = expected.length / wanted;
  for (let n = 0; n < wanted; n += 1) {
    const [from, to] = [n * length, (n + 1) * length];
    const apart = meanDifference(expected.subarray(from, to), got.subarray(from, to));
    const away = kind.bit_depth === 8 ? apart : apart / 4;
    if (away > of.tolerance)
      return `picture ${n + 1} is wrong (${away.toFixed(1)} of 255 away, ${of.tolerance} are allowed)`;
  }
  const shallow = kind.bit_depth === 10 && got.every((sample) => sample % 4 === 0);
  return shallow ? "the pictures have lost 2 of their 10 bits" : null;
}

/** Bytes of a picture in 4:2:0. */
export function pictureBytes({ width, height, bit_depth }: PictureKind): number {
  return (width * height * 3 * (bit_depth === 8 ? 1 : 2)) / 2;
}

/** All in steps of 10 bits: with the 420 and 170 from above the samples stay within those of video, 64 to 940. */
function wave(at: number, height: number, plane: number): number {
  return height * Math.sin(at / (7 + 2 * plane));
}

function isInBlock(x: number, y: number, n: number): boolean {
  return (x - 9 * n + 400) % 96 < 40 && (y + 5 * n) % 72 < 30;
}

function planes({ width, height }: { width: number; height: number }): [number, number][] {
  return [
    [width, height],
    [width / 2, height / 2],
    [width / 2, height / 2],
  ];
}

function meanDifference(a: Uint8Array | Uint16Array, b: Uint8Array | Uint16Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n += 1) sum += Math.abs((a[n] ?? 0) - (b[n] ?? 0));
  return sum / a.length;
}

function toBytes(samples: Uint16Array, bit_depth: BitDepth): Uint8Array {
  if (bit_depth === 8) return Uint8Array.from(samples);
  const bytes = new Uint8Array(2 * samples.length);
  const view = new DataView(bytes.buffer);
  for (let n = 0; n < samples.length; n += 1) view.setUint16(2 * n, samples[n] ?? 0, true);
  return bytes;
}

function toSamples(bytes: Uint8Array, bit_depth: BitDepth): Uint8Array | Uint16Array {
  if (bit_depth === 8) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const samples = new Uint16Array(Math.floor(bytes.length / 2));
  for (let n = 0; n < samples.length; n += 1) samples[n] = view.getUint16(2 * n, true);
  return samples;
}
