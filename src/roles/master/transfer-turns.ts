export type Turns = {
  /**
   * Waits for a turn and returns what ends it, which may be called again. Throws the reason of an aborted signal, and
   * takes no turn then.
   */
  take(worker_id: string, signal: AbortSignal): Promise<() => void>;
  /** Turns that are taken, and calls that wait. */
  counts(): { taken: number; waiting: number };
};

type Waiting = { start(): void };

/**
 * At most `most` pieces are in work at once. Workers that wait come round robin, the calls of one worker in their order.
 * One worker leaves the last turn to others, so that one which stalls holds nobody else up.
 */
export function createTurns(most: number): Turns {
  const lines = new Map<string, Waiting[]>();
  const taken = new Map<string, number>();
  let sum = 0;
  const most_of_one = Math.max(1, most - 1);

  const mayTake = (worker_id: string) => sum < most && (taken.get(worker_id) ?? 0) < most_of_one;
  const begin = (worker_id: string) => {
    sum += 1;
    taken.set(worker_id, (taken.get(worker_id) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      sum -= 1;
      const left = (taken.get(worker_id) ?? 1) - 1;
      if (left === 0) taken.delete(worker_id);
      else taken.set(worker_id, left);
      startNext();
    };
  };
  const startNext = () => {
    for (const [worker_id, line] of lines) {
      if (!mayTake(worker_id)) continue;
      const next = line.shift();
      // To the end of the round.
      lines.delete(worker_id);
      if (line.length > 0) lines.set(worker_id, line);
      next?.start();
      return;
    }
  };

  return {
    async take(worker_id, signal) {
      signal.throwIfAborted();
      if (!lines.has(worker_id) && mayTake(worker_id)) return begin(worker_id);
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener("abort", leave);
          resolve(begin(worker_id));
        },
      };
      const leave = () => {
        leaveLine(lines, worker_id, waiting);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      lines.set(worker_id, [...(lines.get(worker_id) ?? []), waiting]);
      return promise;
    },
    counts: () => ({
      taken: sum,
      waiting: [...lines.values()].reduce((count, line) => count + line.length, 0),
    }),
  };
}

function leaveLine(lines: Map<string, Waiting[]>, worker_id: string, gone: Waiting): void {
  const left = (lines.get(worker_id) ?? []).filter((one) => one !== gone);
  if (left.length === 0) lines.delete(worker_id);
  else lines.set(worker_id, left);
}
