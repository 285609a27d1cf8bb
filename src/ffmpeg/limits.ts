import type { MediaInfo } from "../shared/media.ts";

/**
 * What no film needs, so that a hostile one cannot take the whole machine. Far above what was measured, because a
 * good film must never meet these limits.
 */

/** Streams of one file; Blu-rays have some forty. */
export const MAX_STREAMS = 200;
/** Of one film; a sound track is filled with silence up to its end, whatever the file holds. */
export const MAX_DURATION_S = 1000 * 3600;

/** Bytes of memory for ffprobe: the decoders of some films of 8K at once. */
export const PROBE_MEMORY = 8_000_000_000;

/**
 * Bytes of memory for one ffmpeg that takes pictures of so many pixels. Encoders keep up to some hundred pictures, the
 * more the more cores there are.
 */
export function memoryLimit(pixels: number): number {
  return 2 * GB + pixels * BYTES_A_PIXEL;
}

const GB = 1_000_000_000;
const BYTES_A_PIXEL = 2000;

/**
 * Bytes that a result may have: fifty times its source, as a lossy film that was made well is larger only where it
 * was badly made; a lossless one as much as its raw pictures take.
 */
export function sizeLimit({ media, lossless }: { media: MediaInfo; lossless: boolean }): number {
  const lossy = 50 * media.size_bytes + GB;
  if (!lossless) return lossy;
  const pixels = Math.max(0, ...media.video.map(({ width, height }) => width * height));
  const rate = Math.max(...media.video.map(({ frame_rate }) => frame_rate ?? 0), 60);
  return lossy + (media.duration_s ?? 0) * rate * pixels * RAW_BYTES;
}

/** Of one pixel: three samples of 16 bits. */
const RAW_BYTES = 6;
