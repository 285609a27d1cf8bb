/**
 * Whether a commit should wait a moment for more operations. A commit costs the disk's time, however many operations
 * share it; and whoever was answered by the last one mostly calls again at once. Without a wait, those of one commit
 * and those that came during it take turns for ever, each half with commits of its own.
 */
export type Gathering = {
  /** Asked in every turn of the event loop while `queued` operations are there. */
  waits(queued: number, now_ms: number): boolean;
  /** So many operations were committed, which took so long. */
  committed(operations: number, took_ms: number): void;
};

/** The most that an operation is delayed, in parts of a commit: where all have come sooner, it is less. */
const LONGEST_PART = 1 / 2;
/** Nobody has come for so long: who comes is there. */
const QUIET_PART = 1 / 8;
/** A disk that hangs says nothing about the next commit. */
const LONGEST_COMMIT_MS = 20;

/** One who calls alone never waits: only after a commit that was shared there is company to wait for. */
export function createGathering(): Gathering {
  let commit_ms = 0;
  let shared = false;
  let first: { at_ms: number } | null = null;
  let newest = { queued: 0, at_ms: 0 };
  return {
    waits(queued, now_ms) {
      first ??= { at_ms: now_ms };
      if (queued > newest.queued) newest = { queued, at_ms: now_ms };
      const waited_ms = now_ms - first.at_ms;
      const quiet_ms = now_ms - newest.at_ms;
      return shared && waited_ms < commit_ms * LONGEST_PART && quiet_ms < commit_ms * QUIET_PART;
    },
    committed(operations, took_ms) {
      shared = operations > 1;
      commit_ms = Math.min(took_ms, LONGEST_COMMIT_MS);
      first = null;
      newest = { queued: 0, at_ms: 0 };
    },
  };
}
