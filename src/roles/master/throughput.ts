/** A film, finished or in work until now: when it was begun and ended (Unix ms), and how much of it is done (0 to 1). */
export type Work = { begun_ms: number; ended_ms: number; source_bytes: number; share: number };
export type Throughput = { files_per_hour: number | null; bytes_per_second: number | null };

/** Shorter measurements say nothing. */
const LEAST_MS = 1000;

/**
 * How fast films were done between `since_ms` and `now_ms`. Only the time in which at least one was in work counts:
 * an idle farm is not a slow one. Of a film that was begun earlier, the part counts that falls into that time.
 * Null for both where nothing was done.
 */
export function measureThroughput(work: Work[], since_ms: number, now_ms: number): Throughput {
  const seen = work
    .map((film) => ({
      ...film,
      from_ms: Math.max(film.begun_ms, since_ms),
      to_ms: Math.min(film.ended_ms, now_ms),
    }))
    .filter(({ from_ms, to_ms }) => to_ms >= from_ms);
  let files = 0;
  let bytes = 0;
  for (const { begun_ms, ended_ms, from_ms, to_ms, share, source_bytes } of seen) {
    const part = ended_ms > begun_ms ? ((to_ms - from_ms) / (ended_ms - begun_ms)) * share : share;
    files += part;
    bytes += part * source_bytes;
  }
  if (files === 0) return { files_per_hour: null, bytes_per_second: null };
  const seconds = Math.max(LEAST_MS, busyTime(seen)) / 1000;
  return { files_per_hour: (files * 3600) / seconds, bytes_per_second: bytes / seconds };
}

/** The length of all stretches together, what overlaps counted once. */
function busyTime(stretches: { from_ms: number; to_ms: number }[]): number {
  let total_ms = 0;
  let covered_ms = Number.NEGATIVE_INFINITY;
  for (const { from_ms, to_ms } of stretches.toSorted((a, b) => a.from_ms - b.from_ms)) {
    total_ms += Math.max(0, to_ms - Math.max(from_ms, covered_ms));
    covered_ms = Math.max(covered_ms, to_ms);
  }
  return total_ms;
}
