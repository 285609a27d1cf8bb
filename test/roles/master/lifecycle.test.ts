import { expect, test } from "bun:test";
import { type JobEvent, type JobFacts, standing, transition } from "../../../src/roles/master/lifecycle.ts";
import { JOB_STATUSES, type JobStatus } from "../../../src/shared/job.ts";

const limits = { max_retries: 2, max_lost: 3 };
const at = (status: JobStatus, retry_count = 0, lost_count = 0): JobFacts => ({
  status,
  retry_count,
  lost_count,
});
const failed = (outcome: "retry" | "permanent" | "skipped"): JobEvent => ({
  type: "failed",
  outcome,
  reason: "unspecified",
});
/** Of workers that died with it, the newest of these deaths included. */
function deadly(deaths: number[], status: JobStatus): [JobFacts, JobEvent, object][] {
  return deaths.map((n) => [
    at("processing"),
    { type: "lost", reason: "worker_restarted", deaths: n },
    { status },
  ]);
}
const lost: JobEvent = { type: "lost", reason: "lease_expired" };

test.each<[JobFacts, JobEvent, object]>([
  [
    at("pending", 1, 1),
    { type: "claim" },
    { status: "processing", retry_count: 1, lost_count: 1, reason: null },
  ],
  [
    at("processing"),
    failed("retry"),
    { status: "pending", retry_count: 1, back_off: true, reason: "unspecified" },
  ],
  [at("processing", 2), failed("retry"), { status: "failed", retry_count: 2, back_off: false }],
  [at("processing"), failed("permanent"), { status: "failed", retry_count: 0 }],
  [at("processing", 2), failed("skipped"), { status: "skipped", reason: "unspecified" }],
  [at("processing", 2), lost, { status: "pending", retry_count: 2, lost_count: 1, back_off: false }],
  [at("processing", 0, 2), lost, { status: "failed", reason: "gave_up", lost_count: 3 }],
  [at("pending", 0, 1), { type: "resume" }, { status: "processing", lost_count: 0 }],
  [at("failed", 0, 3), { type: "resume" }, { status: "processing", lost_count: 2 }],
  [at("processing"), { type: "publish" }, { status: "publishing" }],
  [at("publishing"), { type: "published" }, { status: "completed", reason: null }],
  [
    at("publishing", 1, 1),
    { type: "requeue" },
    { status: "pending", retry_count: 1, lost_count: 1, reason: "source_changed", back_off: true },
  ],
  [
    at("processing"),
    { type: "lost", reason: "source_changed" },
    { status: "pending", lost_count: 1, reason: "source_changed", back_off: true },
  ],
  [
    at("processing", 1, 2),
    { type: "lost", reason: "disk_full" },
    { status: "pending", retry_count: 1, lost_count: 2, back_off: true },
  ],
  [
    at("processing", 1, 2),
    { type: "lost", reason: "drained" },
    { status: "pending", retry_count: 1, lost_count: 2, back_off: false },
  ],
  ...deadly([0, 1], "pending"),
  ...deadly([2, 3], "failed"),
  [at("pending", 0, 2), { type: "give_up", deaths: 2 }, { status: "failed", reason: "gave_up" }],
  [
    at("pending", 2, 0),
    { type: "excuse", attempts: 2, ended_it: true, reason: "stalled" },
    { status: "pending", retry_count: 0, lost_count: 2, reason: "stalled", back_off: false },
  ],
  [
    at("failed", 2, 0),
    { type: "excuse", attempts: 3, ended_it: true, reason: "stalled" },
    { status: "pending", retry_count: 0, lost_count: 3 },
  ],
  [
    at("publishing", 2, 0),
    { type: "excuse", attempts: 1, ended_it: false, reason: "stalled" },
    { status: "publishing", retry_count: 1, lost_count: 1, reason: null },
  ],
  ...(["mount_lost", "transfer_failed", "ffmpeg_missing"] as const).map(
    (reason): [JobFacts, JobEvent, object] => [
      at("processing"),
      { type: "lost", reason },
      { status: "pending", lost_count: 1, retry_count: 0, reason, back_off: true },
    ],
  ),
  [at("processing"), { type: "cancel" }, { status: "cancelled", reason: "cancelled" }],
  [at("cancelled", 2, 2), { type: "retry" }, { status: "pending", retry_count: 0, lost_count: 0 }],
  [at("completed", 2, 2), { type: "source_changed" }, { status: "pending", retry_count: 0, lost_count: 0 }],
])("%o, %o -> %o", (job, event, expected) => {
  expect(transition(job, event, limits)).toMatchObject(expected);
});

test.each<[JobEvent["type"], JobStatus[]]>([
  ["claim", ["pending"]],
  ["publish", ["processing"]],
  ["published", ["publishing"]],
  ["cancel", ["pending", "processing"]],
  ["retry", ["pending", "failed", "cancelled"]],
  ["source_changed", ["pending", "completed", "failed", "skipped"]],
])("%s is possible from %p only", (type, possible) => {
  const event = { type } as JobEvent;
  const accepted = JOB_STATUSES.filter((status) => !("refused" in transition(at(status), event, limits)));
  expect(accepted).toEqual(possible);
});

test.each<[string, JobFacts, JobEvent]>([
  ["too few deaths", at("pending", 0, 1), { type: "give_up", deaths: 1 }],
  [
    "an end by something else",
    at("failed", 2),
    { type: "excuse", attempts: 1, ended_it: false, reason: null },
  ],
  ["an end by success", at("completed", 1), { type: "excuse", attempts: 1, ended_it: true, reason: null }],
])("%s changes nothing", (_, job, event) => {
  expect(transition(job, event, limits)).toHaveProperty("refused");
});

const open = { attempt: 2, outcome: null, reason: null, answer: null };
const ranOut = { attempt: 2, outcome: "lost", reason: "lease_expired", answer: null } as const;
test.each([
  ["held", { status: "processing", attempt: 2 }, open],
  ["publishing", { status: "publishing", attempt: 2 }, open],
  ["stale", { status: "processing", attempt: 3 }, open],
  ["lapsed", { status: "pending", attempt: 2 }, ranOut],
  ["lapsed", { status: "failed", attempt: 2 }, ranOut],
  ["stale", { status: "pending", attempt: 3 }, ranOut],
  ["stale", { status: "cancelled", attempt: 2 }, ranOut],
  ["stale", { status: "pending", attempt: 2 }, { ...ranOut, reason: "worker_restarted" }],
  ["stale", { status: "cancelled", attempt: 2 }, { ...ranOut, outcome: "cancelled", reason: "cancelled" }],
  ["answered", { status: "completed", attempt: 9 }, { ...open, outcome: "completed", answer: "completed" }],
] as const)("an attempt is %s: job %o, attempt %o", (expected, job, attempt) => {
  expect(standing(job, attempt)).toBe(expected);
});
