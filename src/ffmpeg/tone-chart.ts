import type { BitDepth } from "../shared/gpu.ts";
import { REFERENCE_WHITE } from "./tone-map.ts";

/**
 * A chart of colour patches in HDR10 (PQ, BT.2020, 10 bits, 4:2:0 in three planes), and what it must look like as SDR:
 * trials feed it to what maps tones. All colours are within those of BT.709.
 */

export const CHART = { width: 384, height: 128, columns: 8, rows: 2 };

/** Light in cd/m2, red, green and blue of BT.709. */
const PATCHES: [number, number, number][] = [
  ...[1, 10, 40, 100, 203, 400, 1000].map((gray): [number, number, number] => [gray, gray, gray]),
  [90, 60, 45],
  ...([
    [100, 5, 5],
    [5, 100, 5],
    [5, 5, 100],
    [100, 100, 5],
    [5, 100, 100],
    [100, 5, 100],
    [400, 150, 20],
    [20, 100, 400],
  ] satisfies [number, number, number][]),
];

/** One picture of the chart, as ffmpeg reads raw yuv420p10le. */
export function chartPicture(): Uint8Array {
  const patches = PATCHES.map((patch) => toYuv(apply(FROM_709_TO_2020, patch).map(pq), BT2020));
  return drawPatches(patches, 10);
}

/** Patches (Y, Cb and Cr in steps of 8 bits) as a raw picture in 4:2:0, three planes. */
export function drawPatches(patches: number[][], bit_depth: BitDepth): Uint8Array {
  const scale = bit_depth === 8 ? 1 : 4;
  const picture = new Uint16Array((CHART.width * CHART.height * 3) / 2);
  let at = 0;
  for (const plane of [0, 1, 2]) {
    const shrink = plane === 0 ? 1 : 2;
    const [width, height] = [CHART.width / shrink, CHART.height / shrink];
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1, at += 1)
        picture[at] = Math.round(scale * (patches[patchAt(x, y, width, height)]?.[plane] ?? 0));
  }
  return bit_depth === 8 ? Uint8Array.from(picture) : new Uint8Array(picture.buffer);
}

/** What each patch must be in SDR, Y, Cb and Cr in steps of 8 bits. */
export function expectedPatches(peak: number): number[][] {
  return PATCHES.map((patch) => {
    const light = patch.map((nits) => nits / REFERENCE_WHITE);
    const strongest = Math.max(...light);
    const factor = mobius(strongest, peak / REFERENCE_WHITE) / strongest;
    return toYuv(
      light.map((one) => Math.min(1, one * factor) ** (1 / 2.4)),
      BT709,
    );
  });
}

/** The middle of each patch of a picture in 4:2:0 (three planes, of the chart's size), in steps of 8 bits. */
export function readPatches(picture: Uint8Array, bit_depth: BitDepth): number[][] {
  const bytes = bit_depth === 8 ? 1 : 2;
  const view = new DataView(picture.buffer, picture.byteOffset, picture.byteLength);
  const sample = (n: number) => (bytes === 1 ? view.getUint8(n) : view.getUint16(2 * n, true) / 4);
  const planes = [0, CHART.width * CHART.height, (CHART.width * CHART.height * 5) / 4];
  return PATCHES.map((_, n) =>
    planes.map((start, plane) => {
      const shrink = plane === 0 ? 1 : 2;
      const [wide, high] = [CHART.width / CHART.columns / shrink, CHART.height / CHART.rows / shrink];
      const [left, top] = [(n % CHART.columns) * wide, Math.floor(n / CHART.columns) * high];
      let sum = 0;
      for (let y = high / 4; y < (3 * high) / 4; y += 1)
        for (let x = wide / 4; x < (3 * wide) / 4; x += 1)
          sum += sample(start + (top + y) * (CHART.width / shrink) + left + x);
      return sum / ((wide / 2) * (high / 2));
    }),
  );
}

/** How far each sample of the patches is away, in steps of 8 bits. */
export function distances(expected: number[][], got: number[][]): number[] {
  return expected.flatMap((patch, n) =>
    patch.map((value, plane) => Math.abs(value - (got[n]?.[plane] ?? Number.POSITIVE_INFINITY))),
  );
}

function patchAt(x: number, y: number, width: number, height: number): number {
  return Math.floor((y * CHART.rows) / height) * CHART.columns + Math.floor((x * CHART.columns) / width);
}

/** ITU-R BT.2087, for light. */
const FROM_709_TO_2020 = [
  [0.6274, 0.3293, 0.0433],
  [0.0691, 0.9195, 0.0114],
  [0.0164, 0.088, 0.8956],
];

function apply(matrix: number[][], [r, g, b]: [number, number, number]): number[] {
  return matrix.map(([of_r = 0, of_g = 0, of_b = 0]) => of_r * r + of_g * g + of_b * b);
}

/** SMPTE ST 2084: light in cd/m2 as a signal from 0 to 1. */
function pq(nits: number): number {
  const light = (nits / 10_000) ** (2610 / 16_384);
  const [c1, c2, c3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32];
  return ((c1 + c2 * light) / (1 + c3 * light)) ** ((2523 / 4096) * 128);
}

/** The weights of red and blue in brightness. */
const BT709 = { red: 0.2126, blue: 0.0722 };
const BT2020 = { red: 0.2627, blue: 0.0593 };

/** Limited range, in steps of 8 bits. */
function toYuv([r = 0, g = 0, b = 0]: number[], { red, blue }: { red: number; blue: number }): number[] {
  const y = red * r + (1 - red - blue) * g + blue * b;
  return [16 + 219 * y, 128 + (224 * (b - y)) / (2 * (1 - blue)), 128 + (224 * (r - y)) / (2 * (1 - red))];
}

/** libavfilter/vf_tonemap.c's curve "mobius": straight up to the knee, then bent so that `peak` becomes 1. */
function mobius(light: number, peak: number): number {
  const knee = 0.45;
  if (light <= knee) return light;
  const a = (-knee * knee * (peak - 1)) / (knee * knee - 2 * knee + peak);
  const b = (knee * knee - 2 * knee * peak + peak) / (peak - 1);
  return ((b * b + 2 * b * knee + knee * knee) / (b - a)) * ((light + a) / (light + b));
}
