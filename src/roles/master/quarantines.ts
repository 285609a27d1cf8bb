import type { AttemptRow, JobRow, WorkerRow } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import { VcError } from "../../shared/errors.ts";
import type { Reason } from "../../shared/job.ts";
import type { WorkerFailure, WorkerRecord } from "../../shared/worker.ts";
import type { Context } from "./context.ts";
import { move } from "./moves.ts";
import { othersReady, viewWorker } from "./presence.ts";
import { afterFailure, exonerate, mayBlame } from "./quarantine.ts";

/** Keeps the workers' records: who failed what, and what the films of a bad worker get back. */

/** A film was made: whatever failed before, the machine works. */
export function noteSuccess(context: Context, worker_id: string, now: Instant): void {
  const worker = context.store.worker(worker_id);
  if (worker !== undefined && worker.record !== null) saveRecord(context, worker, null, now);
}

/** An attempt ended without a film. */
export function noteFailure(
  context: Context,
  attempt: AttemptRow,
  of: { reason: Reason; message: string },
  now: Instant,
): void {
  const worker = context.store.worker(attempt.worker_id);
  if (worker === undefined || !mayBlame(of.reason) || isFilmsFault(context, attempt, now)) return;
  const failure = { job_id: attempt.job_id, attempt: attempt.attempt, ...of };
  const others = othersReady(context, worker.id, now).length > 0;
  const { quarantine_ms } = context.settings;
  const record = afterFailure(worker.record, failure, { quarantine_ms, now_ms: now.wall_ms, others });
  saveRecord(context, worker, record, now);
  if (record.until_ms !== null) excuse(context, record.failures, now);
}

/** It failed on another worker, too: that one is not to blame for it either. */
function isFilmsFault(context: Context, attempt: AttemptRow, now: Instant): boolean {
  const { store } = context;
  const elsewhere = store.attemptsOf(attempt.job_id).filter((other) => {
    const same =
      other.source_mtime_ns === attempt.source_mtime_ns && other.source_size === attempt.source_size;
    return same && other.worker_id !== attempt.worker_id && isFailure(other);
  });
  for (const worker_id of new Set(elsewhere.map((other) => other.worker_id))) {
    const worker = store.worker(worker_id);
    if (worker === undefined) continue;
    const record = exonerate(worker.record, attempt.job_id);
    if (record?.failures.length !== worker.record?.failures.length) saveRecord(context, worker, record, now);
  }
  return elsewhere.length > 0;
}

/** Whether the attempt says something against its worker, or its film. */
export function isFailure({ outcome, reason }: AttemptRow): boolean {
  return (outcome === "retry" || outcome === "lost") && mayBlame(reason);
}

/** What the films of a quarantined worker spent on it becomes a loss, of which they may have more. */
function excuse(context: Context, failures: WorkerFailure[], now: Instant): void {
  for (const job_id of new Set(failures.map((failure) => failure.job_id))) {
    const job = context.store.job(job_id);
    if (job === undefined) continue;
    const attempts = failures
      .filter((failure) => failure.job_id === job_id)
      .flatMap(({ attempt }) => context.store.attempt({ job_id, attempt }) ?? [])
      .filter(({ outcome }) => outcome === "retry");
    excuseFilm(context, job, attempts, now);
  }
}

function excuseFilm(context: Context, job: JobRow, attempts: AttemptRow[], now: Instant): void {
  // A film that no worker can make must end some day, also where there is only one.
  const excused = attempts.slice(0, Math.max(0, context.settings.max_lost - 1 - job.lost_count));
  const newest = excused.at(-1);
  if (newest === undefined) return;
  const ended_it = newest.attempt === job.attempt;
  const event = { type: "excuse", attempts: excused.length, ended_it, reason: newest.reason } as const;
  const moved = move(context, job, event, now);
  if ("refused" in moved) return;
  for (const attempt of excused) context.store.saveAttempt({ ...attempt, outcome: "lost" });
}

/** A person says that the machine is well again. @throws VcError not_found */
export function resumeWorker(
  context: Context,
  worker_id: string,
  now: Instant,
): { was_quarantined: boolean } {
  const worker = context.store.worker(worker_id);
  if (worker === undefined) throw new VcError("not_found", `There is no worker ${worker_id}.`);
  if (worker.record === null) return { was_quarantined: false };
  saveRecord(context, worker, null, now);
  // It may be waiting for films that were kept from it.
  context.emit(() => ({ type: "queued" }));
  return { was_quarantined: worker.record.until_ms !== null };
}

/** The newest film that a doubted worker got. */
export function noteProbe(context: Context, worker: WorkerRow, attempt: AttemptRow): void {
  if (worker.record === null) return;
  const probe = { job_id: attempt.job_id, attempt: attempt.attempt };
  context.store.saveWorker({ ...worker, record: { ...worker.record, probe } });
}

function saveRecord(context: Context, worker: WorkerRow, record: WorkerRecord | null, now: Instant): void {
  const saved = { ...worker, record };
  context.store.saveWorker(saved);
  context.emit(() => ({ type: "worker", worker: viewWorker(context, saved, now) }));
}
