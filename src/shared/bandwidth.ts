/** How long bytes must wait for their turn on the line; takes them in the order in which it is asked. */
export type Bucket = { take(bytes: number, now_ms: number): number };

/** What may go at once after a silence: small beside what routers buffer, large beside a timer's grain. Seconds. */
const BURST_S = 0.1;

/**
 * A token bucket that lends: whoever takes more than there is waits until that much has flowed in again, behind all who
 * took before. `take` returns milliseconds; `now_ms` is of a clock that never goes back.
 */
export function createBucket(bytes_per_s: number): Bucket {
  const per_ms = bytes_per_s / 1000;
  const most = bytes_per_s * BURST_S;
  let level = most;
  let at_ms: number | null = null;
  return {
    take(bytes, now_ms) {
      level = Math.min(most, level + Math.max(0, now_ms - (at_ms ?? now_ms)) * per_ms) - bytes;
      at_ms = Math.max(now_ms, at_ms ?? now_ms);
      return level >= 0 ? 0 : -level / per_ms;
    },
  };
}
