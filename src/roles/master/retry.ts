/**
 * How long a job waits before its `retry_count`th retry (1, 2, ...): doubled each time up to the maximum, then
 * taken between half and whole by `random` (0 to 1), so that jobs that failed together do not return together.
 */
export function backOffMs(
  retry_count: number,
  settings: { retry_delay_ms: number; retry_delay_max_ms: number },
  random: number,
): number {
  const doubled = settings.retry_delay_ms * 2 ** Math.max(0, retry_count - 1);
  const whole = Math.min(doubled, settings.retry_delay_max_ms);
  return Math.round(whole * (0.5 + random / 2));
}

/**
 * A job waits while its time lies between these (Unix ms). One later than any back-off reaches was set before the wall
 * clock was put back: to wait for it would be to wait for as long as the clock was wrong.
 */
export function stillWaiting(
  wall_ms: number,
  { retry_delay_max_ms }: { retry_delay_max_ms: number },
): { now_ms: number; latest_ms: number } {
  return { now_ms: wall_ms, latest_ms: wall_ms + retry_delay_max_ms };
}
