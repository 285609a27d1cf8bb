import { MOST_PIECE_BYTES } from "../../../shared/transfer.ts";

/** How long pieces are: longer ones cost fewer calls, shorter ones lose less when a line is cut. */

/** No piece is asked for that is shorter, unless the film ends there. */
export const LEAST_PIECE_BYTES = 64 * 1024;
/** Of a piece that ffmpeg waits for, so that its work begins at once. */
export const FIRST_STREAM_BYTES = 512 * 1024;
/** Of the pieces of a stream that runs: several of them lie in memory. */
export const MOST_STREAM_BYTES = 4 * 1024 * 1024;
/** Of the pieces of a result: two travel at once, and where both are lost that is the longest piece. */
export const MOST_UPLOAD_BYTES = MOST_PIECE_BYTES / 2;
/** Of the last pieces of all films that are streamed at once, and the least and the most of one of them. */
const CACHES_BYTES = 40 * 1024 * 1024;
const LEAST_CACHE_BYTES = 8 * 1024 * 1024;
const MOST_CACHE_BYTES = 20 * 1024 * 1024;

/** A line's length of pieces, in bytes, as its cuts and successes make it. */
export type PieceSize = { now(): number; succeeded(): void; cut(): void };

/** So many pieces arrive before the length at which one was lost is tried again. */
const BEFORE_NEXT_TRIAL = 16;

/**
 * Halved after a cut, doubled after a success, so that a line that is cut every few hundred KiB still gets on. A length that
 * does not get through (a slow line, a proxy that takes no longer bodies) is tried now and then, not each time. Under
 * `limit_bytes_per_s` pieces last two seconds at most: the line stays usable for others.
 */
export function createPieceSize(most_bytes = MOST_PIECE_BYTES, limit_bytes_per_s = 0): PieceSize {
  const bound = limit_bytes_per_s === 0 ? most_bytes : Math.min(most_bytes, 2 * limit_bytes_per_s);
  const most = Math.max(LEAST_PIECE_BYTES, Math.floor(bound));
  let bytes = most;
  let too_long = Number.POSITIVE_INFINITY;
  let arrived = 0;
  return {
    now: () => bytes,
    succeeded: () => {
      arrived += 1;
      const next = Math.min(most, bytes * 2);
      if (next >= too_long && arrived < BEFORE_NEXT_TRIAL) return;
      if (next >= too_long) too_long = Number.POSITIVE_INFINITY;
      bytes = next;
    },
    cut: () => {
      too_long = bytes;
      arrived = 0;
      bytes = Math.max(LEAST_PIECE_BYTES, Math.floor(bytes / 2));
    },
  };
}

/** Of the nth piece (from 0) that a reader takes in a row: most only look at some place of the film. */
export function streamPieceSize(nth: number): number {
  return Math.min(MOST_STREAM_BYTES, FIRST_STREAM_BYTES * 2 ** Math.floor(Math.min(nth, 20) / 3));
}

/** Where so many films are streamed at once. */
export function streamCacheSize(concurrency: number): number {
  return Math.max(LEAST_CACHE_BYTES, Math.min(MOST_CACHE_BYTES, Math.floor(CACHES_BYTES / concurrency)));
}
