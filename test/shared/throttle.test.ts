import { expect, test } from "bun:test";
import { createThrottle } from "../../src/shared/throttle.ts";

test("without a limit nothing waits", () => {
  const throttle = createThrottle(0);
  expect(throttle.pass(1e12)).toBeNull();
});

test("with one, what is too much at once waits, and goes then", async () => {
  const throttle = createThrottle(100_000);
  expect(throttle.pass(5000)).toBeNull();
  const turn = throttle.pass(10_000);
  expect(turn).not.toBeNull();
  await turn;
});

test("who gives up while waiting is told his own reason", async () => {
  const throttle = createThrottle(1);
  const stop = new AbortController();
  const turn = throttle.pass(1e6, stop.signal);
  stop.abort(new Error("no longer wanted"));
  await expect(turn ?? Promise.resolve()).rejects.toThrow("no longer wanted");
});
