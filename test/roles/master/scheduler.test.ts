import { expect, test } from "bun:test";
import { backOffMs, stillWaiting } from "../../../src/roles/master/retry.ts";
import { jobsToGrant, judgeRegistration } from "../../../src/roles/master/scheduler.ts";

test.each([
  [{ draining: false, protocol: 2, max: 3 }, 3],
  [{ draining: false, protocol: 2, max: undefined }, 1],
  [{ draining: false, protocol: undefined, max: 3 }, 1],
  [{ draining: true, protocol: 2, max: 3 }, 0],
  [{ draining: false, protocol: 2, max: 3, trust: "quarantined" }, 0],
  [{ draining: false, protocol: 2, max: 3, trust: "probation" }, 1],
  [{ draining: false, protocol: undefined, max: undefined, trust: "probation" }, 1],
  [{ draining: false, protocol: 2, max: 3, trust: "probation", held: 1 }, 0],
  [{ draining: false, protocol: 2, max: 0, trust: "probation" }, 0],
] as const)("%o gets %d", (claim, jobs) => {
  expect(jobsToGrant({ trust: "trusted", held: 0, ...claim })).toBe(jobs);
});

const known = { hostname: "a", session: "s1", silent_ms: 10, lives: false };
test.each([
  [undefined, { session: "s1", hostname: "a" }, "new"],
  [known, { session: "s1", hostname: "a" }, "same"],
  [known, { session: "s2", hostname: "a" }, "replaced"],
  [known, { session: "s2", hostname: "b" }, "taken"],
  [{ ...known, lives: true }, { session: "s1", hostname: "a" }, "same"],
  [{ ...known, lives: true }, { session: "s2", hostname: "a" }, "taken"],
  [{ ...known, lives: true, silent_ms: 100 }, { session: "s2", hostname: "b" }, "taken"],
  [{ ...known, silent_ms: 100 }, { session: "s2", hostname: "b" }, "replaced"],
  [{ ...known, session: null }, { session: "s2", hostname: "b" }, "taken"],
  [{ ...known, hostname: "" }, { session: "s2", hostname: "b" }, "replaced"],
] as const)("%o, then %o: %s", (before, incoming, verdict) => {
  expect(judgeRegistration(before, incoming, 100)).toBe(verdict);
});

test("a job waits for no longer than any back-off lasts", () => {
  expect(stillWaiting(1000, { retry_delay_max_ms: 500 })).toEqual({ now_ms: 1000, latest_ms: 1500 });
});

const delays = { retry_delay_ms: 1000, retry_delay_max_ms: 5000 };
test.each([
  [1, 1, 1000],
  [1, 0, 500],
  [2, 1, 2000],
  [3, 0.5, 3000],
  [9, 1, 5000],
  [5000, 1, 5000],
])("retry %d with chance %d waits %d ms", (retry_count, random, expected) => {
  expect(backOffMs(retry_count, delays, random)).toBe(expected);
});
