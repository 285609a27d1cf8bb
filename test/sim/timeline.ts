export type Timeline = ReturnType<typeof createTimeline>;

/** Moments are multiples of this, so that things happen at once and share a commit. */
const GRAIN_MS = 50;

/** A virtual clock and what is to happen on it. */
export function createTimeline() {
  let now_ms = 0;
  const moments = new Map<number, (() => void)[]>();

  return {
    now: () => now_ms,
    after: (delay_ms: number, event: () => void): void => {
      const at = now_ms + Math.max(1, Math.ceil(delay_ms / GRAIN_MS)) * GRAIN_MS;
      const events = moments.get(at) ?? [];
      events.push(event);
      moments.set(at, events);
    },
    /** Moves to the next moment at which something happens, and gives it. */
    next: (): (() => void)[] => {
      now_ms += GRAIN_MS;
      while (!moments.has(now_ms)) now_ms += GRAIN_MS;
      const events = moments.get(now_ms) ?? [];
      moments.delete(now_ms);
      return events;
    },
  };
}
