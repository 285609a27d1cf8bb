import { expect, test } from "bun:test";
import {
  afterFailure,
  afterStart,
  exonerate,
  mayBlame,
  trustIn,
  whyQuarantined,
} from "../../../src/roles/master/quarantine.ts";
import { LOST_REASONS, REASONS, type Reason } from "../../../src/shared/job.ts";
import type { WorkerFailure, WorkerRecord } from "../../../src/shared/worker.ts";

const MINUTE = 60_000;
const failure = (job_id: string, attempt = 1, reason: Reason = "ffmpeg_failed"): WorkerFailure => ({
  job_id,
  attempt,
  reason,
  message: `${job_id} broke.`,
});
const at = (now_ms: number, others = false) => ({ quarantine_ms: MINUTE, now_ms, others });
const after = (failures: WorkerFailure[], others = false): WorkerRecord | null =>
  failures.reduce<WorkerRecord | null>((record, one) => afterFailure(record, one, at(0, others)), null);
const died = (job_id: string, attempt: number) => failure(job_id, attempt, "worker_restarted");

test.each<[string, WorkerFailure[], boolean, boolean]>([
  ["two films", [failure("a"), failure("b")], true, false],
  ["three films", [failure("a"), failure("b"), failure("c")], false, true],
  ["one film three times, with others", [failure("a"), failure("a", 2), failure("a", 3)], true, true],
  ["one film three times, alone", [failure("a"), failure("a", 2), failure("a", 3)], false, false],
  ["three deaths of one film, alone", [died("a", 1), died("a", 2), died("a", 3)], false, true],
  ["two deaths and a failure", [died("a", 1), died("a", 2), failure("a", 3)], false, true],
])("%s", (_, failures, others, quarantined) => {
  const record = after(failures, others);
  expect(record?.until_ms ?? null).toBe(quarantined ? MINUTE : null);
  expect(trustIn(record, 0, at(0))).toBe(quarantined ? "quarantined" : "trusted");
});

test("each failed probe doubles the wait up to sixteen times; other failures do not", () => {
  let record = after([failure("a"), failure("b"), failure("c")]);
  const waits: number[] = [];
  for (let n = 0; n < 6; n++) {
    record = { ...(record as WorkerRecord), probe: { job_id: `p${n}`, attempt: 7 } };
    const unmoved = afterFailure(record, failure(`p${n}`, 6), at(1e9));
    expect(unmoved.until_ms).toBe(record.until_ms);
    record = afterFailure(record, failure(`p${n}`, 7), at(1e9));
    waits.push(((record.until_ms ?? 0) - 1e9) / MINUTE);
  }
  expect(waits).toEqual([2, 4, 8, 16, 16, 16]);
});

test.each([
  [MINUTE - 1, "quarantined"],
  [MINUTE, "probation"],
  // The wall clock was put back by a day: no wait is as long as that.
  [-86_400_000, "probation"],
] as const)("at %d ms it is in %s", (now_ms, trust) => {
  expect(trustIn(after([failure("a"), failure("b"), failure("c")]), now_ms, at(0))).toBe(trust);
});

test("zero switches it off", () => {
  const off = { quarantine_ms: 0, now_ms: 0, others: true };
  let record: WorkerRecord | null = null;
  for (const name of ["a", "b", "c", "d"]) record = afterFailure(record, failure(name), off);
  expect([record?.until_ms, trustIn(record, 0, off)]).toEqual([null, "trusted"]);
});

test("a film that fails elsewhere, too, speaks for nobody; without any left the worker is trusted", () => {
  const record = after([failure("a"), failure("b"), failure("b", 2), failure("c")]);
  const less = exonerate(record, "b");
  expect(less?.failures.map(({ job_id }) => job_id)).toEqual(["a", "c"]);
  expect(exonerate(exonerate(less, "a"), "c")).toBeNull();
  expect(exonerate(null, "a")).toBeNull();
});

test("a new start is tried at once, but not after a death", () => {
  const failed = after([failure("a"), failure("b"), failure("c")]);
  expect(trustIn(afterStart(failed), 0, at(0))).toBe("probation");
  const dead = after([failure("a"), failure("b"), died("c", 1)]);
  expect(afterStart(dead)).toEqual(dead);
  expect(afterStart(after([failure("a")]))).toEqual(after([failure("a")]));
  expect(afterStart(null)).toBeNull();
});

test("it remembers the newest thirty failures", () => {
  const record = after(Array.from({ length: 40 }, (_, n) => failure(`f${n}`)));
  expect(record?.failures).toHaveLength(30);
  expect(record?.failures.at(-1)?.job_id).toBe("f39");
});

test("what is the film's, the source's or a person's doing is never blamed on a worker", () => {
  const innocent = REASONS.filter((reason) => !mayBlame(reason));
  const lost = LOST_REASONS.filter((reason) => mayBlame(reason));
  expect(lost).toEqual(["worker_restarted", "mount_lost", "transfer_failed", "ffmpeg_missing"]);
  for (const reason of ["source_damaged", "unsupported", "name_taken", "cancelled", "disk_full"] as const)
    expect(innocent).toContain(reason);
  expect(mayBlame(null)).toBe(false);
});

test("people are told why, until when, and what ends it", () => {
  const record = after([failure("a"), failure("b"), failure("c")]);
  if (record === null) throw new Error("no record");
  expect(whyQuarantined(record, "rack-1")).toBe(
    "It gets no films: 3 films in a row failed here and nowhere else. The last: c broke. Tried again with one film at 00:01:00 UTC, or at once when it is started anew, or by `vc resume rack-1`.",
  );
});
