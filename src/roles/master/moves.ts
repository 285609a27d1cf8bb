import type { AttemptRow, JobRow } from "../../db/schema.ts";
import type { Tally } from "../../db/workers.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import type { AttemptReport, JobStatus } from "../../shared/job.ts";
import { type Context, isClaimable } from "./context.ts";
import { type Change, type JobEvent, type Refusal, transition } from "./lifecycle.ts";
import { backOffMs } from "./retry.ts";
import { toJob } from "./views.ts";

/** Lets an event happen to a job: asks the rules, saves, tells. */
export function move(
  context: Context,
  job: JobRow,
  event: JobEvent,
  now: Instant,
  patch: Partial<JobRow> = {},
): JobRow | Refusal {
  const limits = { max_retries: job.max_retries, max_lost: context.settings.max_lost };
  const change = transition(job, event, limits);
  if ("refused" in change) return change;
  const moved: JobRow = { ...job, ...consequences(context, job, change, now), ...patch };
  context.store.saveJob(moved);
  context.emit(() => ({ type: "job", job: toJob(moved, context.leases.progress(moved.id)) }));
  if (isClaimable(moved)) context.emit(() => ({ type: "queued" }));
  return moved;
}

/** As `move`, where the caller has made sure that the event is possible. */
export function mustMove(...given: Parameters<typeof move>): JobRow {
  const moved = move(...given);
  if (!("refused" in moved)) return moved;
  throw new Error(`job ${given[1].id} cannot take the event ${given[2].type}: ${moved.refused}`);
}

function consequences(context: Context, job: JobRow, change: Change, now: Instant): Partial<JobRow> {
  const { back_off, ...facts } = change;
  const delay_ms = back_off ? backOffMs(change.retry_count, context.settings, context.random()) : 0;
  const common = {
    ...facts,
    not_before_ms: delay_ms > 0 ? now.wall_ms + delay_ms : 0,
    updated_ms: now.wall_ms,
    error_message: facts.reason === null ? null : job.error_message,
  };
  switch (change.status) {
    case "pending":
      return { ...common, worker_id: null, started_at: null, completed_at: null, output_size: null };
    case "processing":
    case "publishing":
      return { ...common, completed_at: null };
    default:
      return { ...common, completed_at: toTimestamp(now.wall_ms) };
  }
}

/** Gives a lapsed attempt back to the worker that came back. */
export function resume(context: Context, job: JobRow, attempt: AttemptRow, now: Instant) {
  const { worker_id, started_at } = attempt;
  const resumed = mustMove(context, job, { type: "resume" }, now, { worker_id, started_at });
  const running = { ...attempt, ended_at: null, outcome: null, reason: null, message: null };
  context.store.saveAttempt(running);
  context.store.addToWorker(worker_id, { ...NONE, lost: -1 });
  context.later(() => context.leases.renew(keyOf(attempt), now.monotonic_ms));
  return { job: resumed, attempt: running };
}

export type Ending = {
  event: JobEvent;
  outcome: NonNullable<AttemptRow["outcome"]>;
  reason: AttemptRow["reason"];
  message: string | null;
  /** Set where the worker itself had the last word, so that a repeat gets the same answer. */
  ended_by: AttemptRow["ended_by"];
  report?: AttemptReport | undefined;
  patch?: Partial<JobRow>;
  output_size?: number;
};

/** Ends the newest attempt of a job. @returns the status that its end led to. */
export function endAttempt(
  context: Context,
  of: { job: JobRow; attempt: AttemptRow },
  ending: Ending,
  now: Instant,
): JobStatus {
  const { job, attempt } = of;
  const report = ending.report ?? attempt.report;
  const told = { error_message: ending.message, ...fromReport(job, report), ...ending.patch };
  const moved = mustMove(context, job, ending.event, now, told);
  context.store.saveAttempt({
    ...attempt,
    report,
    ended_at: toTimestamp(now.wall_ms),
    outcome: ending.outcome,
    reason: ending.reason,
    message: ending.message,
    output_size: ending.output_size ?? attempt.output_size,
    ended_by: ending.ended_by,
    answer: ending.ended_by === null ? null : moved.status,
  });
  context.store.addToWorker(attempt.worker_id, tallyOf(ending.outcome, report));
  context.later(() => context.leases.end(keyOf(attempt)));
  if (isOutdated(job, attempt) && moved.status !== "cancelled") {
    mustMove(context, moved, { type: "source_changed" }, now, { error_message: null });
  }
  return moved.status;
}

/** The source became another one since it was claimed, so whatever was made of it is out of date. */
export function isOutdated(job: JobRow, attempt: AttemptRow): boolean {
  return job.source_size !== attempt.source_size || job.source_mtime_ns !== attempt.source_mtime_ns;
}

export function keyOf({ job_id, attempt }: AttemptRow) {
  return { job_id, attempt };
}

function fromReport(job: JobRow, report: AttemptReport): Partial<JobRow> {
  return {
    source_duration: report.source_duration ?? job.source_duration,
    notes: report.notes ?? job.notes,
  };
}

const NONE: Tally = { completed: 0, failed: 0, lost: 0, encode_ms: 0, verify_ms: 0 };

function tallyOf(outcome: Ending["outcome"], report: AttemptReport): Tally {
  return {
    completed: outcome === "completed" ? 1 : 0,
    failed: outcome === "retry" || outcome === "permanent" ? 1 : 0,
    lost: outcome === "lost" ? 1 : 0,
    encode_ms: Math.round(report.encode_ms ?? 0),
    verify_ms: Math.round(report.verify_ms ?? 0),
  };
}
