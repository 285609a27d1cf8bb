import { setTimeout as sleep } from "node:timers/promises";
import { createBucket } from "./bandwidth.ts";

/** Holds bytes of one direction back so that they keep to a limit. */
export type Throttle = {
  limited: boolean;
  /** Null where these bytes may go at once, else what to wait for. It throws the reason of an aborted signal. */
  pass(bytes: number, signal?: AbortSignal): Promise<void> | null;
};

/** `bytes_per_s` 0 is no limit. */
export function createThrottle(bytes_per_s: number): Throttle {
  if (bytes_per_s === 0) return { limited: false, pass: () => null };
  const bucket = createBucket(bytes_per_s);
  return {
    limited: true,
    pass(bytes, signal) {
      const wait_ms = bucket.take(bytes, performance.now());
      return wait_ms < 1 ? null : waitFor(wait_ms, signal);
    },
  };
}

async function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
