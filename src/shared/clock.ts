/**
 * A moment on both clocks: `wall_ms` (Unix milliseconds) is for people and for what must survive a restart,
 * `monotonic_ms` (milliseconds since some start) for deadlines: it never jumps.
 */
export type Instant = { wall_ms: number; monotonic_ms: number };

export type Clock = { now(): Instant };

export const systemClock: Clock = {
  now: () => ({ wall_ms: Date.now(), monotonic_ms: performance.now() }),
};

/** What a timer is given for a wait: a longer one than timers know, 24.8 days, would end at once. */
export function timerMs(wait_ms: number): number {
  return Math.min(wait_ms, 2 ** 31 - 1);
}

/** RFC 3339 text in UTC, the form of every time on the wire and in the tables. */
export function toTimestamp(wall_ms: number): string {
  return new Date(wall_ms).toISOString();
}
