import type { Conversion } from "../../shared/conversion.ts";

/** So much a short film's result, and the subtitles beside it, may always have. */
const LEAST_BYTES = 256 * 1024 ** 2;
/** Times the source's size. Codecs that lose nothing, or next to nothing, make 20 to 40 times of a frugal source. */
const TIMES: Record<Conversion["codec"], number> = { h264: 2, hevc: 2, av1: 2, ffv1: 50, prores: 50 };

/**
 * How many bytes of the disk are kept for the results of one attempt before they are there, whatever their worker says: a
 * wrong word must not keep the disk from others. A larger result is taken all the same, if there is room as it comes.
 */
export function plausibleBytes(of: {
  source_size: number;
  codec: Conversion["codec"];
  max_size_ratio: number | null;
}): number {
  const times = Math.min(TIMES[of.codec], of.max_size_ratio ?? Number.POSITIVE_INFINITY);
  return Math.max(LEAST_BYTES, Math.ceil(times * of.source_size));
}
