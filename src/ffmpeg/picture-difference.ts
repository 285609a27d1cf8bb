/**
 * How far two small pictures are apart. `mean`: mean absolute difference of all samples of Y, U and V (0 to 255);
 * `alike`: correlation of their brightness (-1 to 1), null where the source's picture is too flat to have any.
 */
export type PictureDifference = { mean: number; alike: number | null };

/** Pictures are square, planar YUV 4:4:4, 8 bits. */
export const PICTURE_SIZE = 32;
const PLANE = PICTURE_SIZE * PICTURE_SIZE;
export const PICTURE_BYTES = 3 * PLANE;

export function comparePictures(source: Uint8Array, result: Uint8Array): PictureDifference {
  let sum = 0;
  for (let n = 0; n < PICTURE_BYTES; n += 1) sum += Math.abs((source[n] ?? 0) - (result[n] ?? 0));
  return {
    mean: sum / PICTURE_BYTES,
    alike: correlation(source.subarray(0, PLANE), result.subarray(0, PLANE)),
  };
}

/**
 * Whether the result shows something else than the source. Measured on encodes at CRF 51 and at 20 kbit/s (320x240,
 * moving test pictures, x264 and SVT-AV1): mean at most 8, correlation at least 0.6 for moving noise and 0.97 for all
 * else. A green or black film is 60 and more away; a picture upside down 13 and more, or it does not correlate.
 */
export function differs({ mean, alike }: PictureDifference, most: number = MOST): boolean {
  return mean > most || (alike !== null && alike < 0.5);
}

export const MOST = 12;
/** HDR that became SDR: what is compared was mapped after it was made small, which at edges is not the same. */
export const MOST_MAPPED = 22;
/** GPUs have curves of their own. Measured: natural pictures 6, test pictures of the loudest colours 31. */
export const MOST_MAPPED_BY_GPU = 40;

/** Whether the result stands still at places where the source moves; `changes` are mean differences between places. */
export function isFrozen(changes: { source: number; result: number }[]): boolean {
  return changes.some(({ source }) => source > 2) && changes.every(({ result }) => result < 0.5);
}

/** Below this standard deviation of brightness, noise is all there is to correlate. */
const FLAT = 6;

function correlation(source: Uint8Array, result: Uint8Array): number | null {
  const a = statistics(source);
  const b = statistics(result);
  if (a.deviation < FLAT) return null;
  if (b.deviation === 0) return 0;
  let sum = 0;
  for (let n = 0; n < source.length; n += 1) sum += ((source[n] ?? 0) - a.mean) * ((result[n] ?? 0) - b.mean);
  return sum / source.length / (a.deviation * b.deviation);
}

function statistics(values: Uint8Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}
