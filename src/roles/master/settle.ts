import type { Instant } from "../../shared/clock.ts";
import type { SeenFile } from "./walk.ts";

/** A file as it was when it was first seen so, on the monotonic clock. */
export type Watched = { size: number; mtime_ns: string; since_ms: number };

export type Verdict = { settled: true } | { settled: false; watched: Watched; due_in_ms: number };

/**
 * A file is settled when its last change is older than `settle_ms`, by its own times or because it was seen
 * unchanged for that long: a clock of another machine may be wrong, and a time in the future never gets old.
 */
export function judgeSettled(of: {
  file: SeenFile;
  watched: Watched | undefined;
  settle_ms: number;
  now: Instant;
}): Verdict {
  const { file, watched, settle_ms, now } = of;
  if (settle_ms === 0) return { settled: true };
  const age_ms = now.wall_ms - file.changed_ms;
  if (age_ms >= settle_ms) return { settled: true };
  const same = watched !== undefined && watched.size === file.size && watched.mtime_ns === file.mtime_ns;
  const since_ms = same ? watched.since_ms : now.monotonic_ms;
  const seen_for_ms = now.monotonic_ms - since_ms;
  if (seen_for_ms >= settle_ms) return { settled: true };
  const due_in_ms = settle_ms - Math.max(seen_for_ms, age_ms);
  return { settled: false, watched: { size: file.size, mtime_ns: file.mtime_ns, since_ms }, due_in_ms };
}
