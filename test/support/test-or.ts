import { test } from "bun:test";

/**
 * A test that may be impossible here: with a reason it is skipped, and the end of the run tells the reason.
 * `timeout_ms` as in bun:test.
 */
export function testOr(
  skipReason: string | null,
  name: string,
  run: () => void | Promise<void>,
  timeout_ms?: number,
): void {
  if (skipReason === null) test(name, run, timeout_ms);
  else test.skip(`${name} [skipped: ${skipReason}]`, run);
}

/** The reason to skip a trial that takes minutes, unless the whole set was asked for. */
export const unlessFull: string | null =
  process.env.VC_TEST_FULL === "1" ? null : "long; runs in npm run test:full";
