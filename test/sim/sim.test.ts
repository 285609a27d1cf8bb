import { expect, test } from "bun:test";
import { simulate } from "./simulate.ts";

/** `SEED=n bun test test/sim` replays one; `bun scripts/sim.ts --seeds 5000` tries many. */
const { SEED } = process.env;
const seeds = SEED === undefined ? Array.from({ length: 50 }, (_, index) => index + 1) : [Number(SEED)];

test(`no invariant breaks in ${seeds.length} simulated lives`, async () => {
  const seen = new Map<string, number>();
  for (const seed of seeds) {
    const life = await simulate(seed);
    for (const [what, times] of life.seen) seen.set(what, (seen.get(what) ?? 0) + times);
  }
  // A simulation that never reaches the hard cases proves nothing.
  const missing = SEED === undefined ? HARD_CASES.filter((what) => !seen.has(what)) : [];
  expect(missing).toEqual([]);
}, 300_000);

test("a seed always lives the same life", async () => {
  const twice = [await simulate(7), await simulate(7)];
  expect(twice[0]).toEqual(twice[1]);
});

const HARD_CASES = [
  "stale_attempt",
  "session_replaced",
  "worker_id_taken",
  "repeated job_complete",
  "repeated job_failed",
  "job_complete of a lapsed attempt",
  "heartbeat of a lapsed attempt",
  "fault: master killed",
  "fault: master killed before a commit",
  "fault: master killed after a commit",
  "fault: full disk at publish",
  "fault: slow disk at publish",
  "fault: film kills its worker",
  "fault: database's disk full",
  "deadly film parked",
  "worker quarantined",
  "skipped: excluded",
  "skipped: not_smaller",
  "publication taken up after a restart",
  "publication found done after a restart",
  "source changed before publication",
];
