import type { AttemptRow, IntendedOutput, JobRow, PublishedFile } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { VcError } from "../../shared/errors.ts";
import type { JobStatus, Reason } from "../../shared/job.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import type { Context } from "./context.ts";
import { intendedOutputs } from "./handed-in.ts";
import type { AttemptKey } from "./leases.ts";
import { isLoss, type Standing, standing } from "./lifecycle.ts";
import { type Ending, endAttempt, keyOf, mustMove, resume } from "./moves.ts";
import { beginReplacement, endReplacement, notProven } from "./originals.ts";
import { noteFailure, noteSuccess } from "./quarantines.ts";
import { tooLarge } from "./ruling.ts";
import { eventOfUnreadable } from "./unreadable.ts";

/** What publishing an attempt means, recorded before any file is touched. */
export type PublishIntent = AttemptKey & {
  source_rel: string;
  /** The source as it was claimed. */
  source_size: number;
  source_mtime_ns: string;
  outputs: IntendedOutput[];
  /** What was published beside the film before, and is not any more. */
  stale: PublishedFile[];
  /** Where the source is to go that the film replaces; null: it stays. */
  original: { kept_rel: string } | null;
};
export type { PublishedFile };
/** `original_kept`: a replaced source lies in quarantine now. */
export type Published = { published: PublishedFile[]; original_kept?: boolean };
export type PublishStart =
  | { state: "publish"; intent: PublishIntent }
  | { state: "ended"; status: JobStatus };

type Found = { job: JobRow; attempt: AttemptRow };

/**
 * A worker hands in. While it is being published a repeat gets the same intent, afterwards the same status.
 * @throws VcError not_found, stale_attempt, bad_request (outputs that are not this attempt's)
 */
export function beginPublish(context: Context, input: Input<"job_complete">, now: Instant): PublishStart {
  const found = findAttempt(context, input);
  const stands = standing(found.job, found.attempt);
  const answered = repeatedAnswer(found.attempt, stands, "complete");
  if (answered !== null) return { state: "ended", status: answered };
  if (stands === "publishing") return { state: "publish", intent: toIntent(context, found) };
  const held = stands === "lapsed" ? resume(context, found.job, found.attempt, now) : found;
  const { attempt } = held;
  const { job, outputs, refused: unnamed } = intendedOutputs(context, held, input);
  const refused =
    tooLarge(context, job, outputs[0]?.size ?? null) ?? notProven(context, outputs, input.report) ?? unnamed;
  if (refused !== null) {
    const told = { ...refused, ended_by: "complete", report: input.report } as const;
    return { state: "ended", status: conclude(context, { job, attempt }, told, now) };
  }
  const report = input.report ?? attempt.report;
  const recorded = { ...attempt, outputs, report, output_size: outputs[0]?.size ?? null };
  context.store.saveAttempt(recorded);
  mustMove(context, job, { type: "publish" }, now);
  if (context.settings.replace === true) beginReplacement(context, { job, attempt: recorded, outputs }, now);
  crashPoint("hand_in.recorded");
  context.later(() => context.leases.end(keyOf(attempt)));
  return { state: "publish", intent: toIntent(context, { job, attempt: recorded }) };
}

/** The files are in place. Repeats give the same status. */
export function finishPublish(
  context: Context,
  of: AttemptKey,
  { published, original_kept = false }: Published,
  now: Instant,
): JobStatus {
  const found = findPublishing(context, of);
  if ("answer" in found) return found.answer;
  const [film, ...beside] = published;
  if (film === undefined) throw new Error(`nothing was published of job ${of.job_id}`);
  noteSuccess(context, found.attempt.worker_id, now);
  const status = endAttempt(
    context,
    found,
    {
      event: { type: "published" },
      outcome: "completed",
      reason: null,
      message: null,
      ended_by: "complete",
      output_size: film.size,
      patch: {
        output_size: film.size,
        published_rel: film.output_rel,
        published_size: film.size,
        published_mtime_ns: film.mtime_ns,
        published_beside: beside,
      },
    },
    now,
  );
  endReplacement(context, of, { film, kept: original_kept }, now);
  crashPoint("publish.recorded");
  return status;
}

export type PublishFailure = {
  /** requeue: at once, and it counts nothing. */
  outcome: "retry" | "permanent" | "lost" | "requeue";
  reason: Reason;
  message: string;
  original_kept?: boolean;
};

/** The files could not be put in place, and nothing of them is left. */
export function failPublish(
  context: Context,
  of: AttemptKey,
  { outcome, reason, message, original_kept = false }: PublishFailure,
  now: Instant,
): JobStatus {
  const found = findPublishing(context, of);
  if ("answer" in found) return found.answer;
  endReplacement(context, of, { film: null, kept: original_kept }, now);
  const common = { reason, message, ended_by: "complete" } as const;
  const ending: Ending =
    outcome === "requeue"
      ? { ...common, outcome: "lost", event: { type: "requeue" } }
      : outcome === "lost"
        ? { ...common, outcome, event: { type: "lost", reason } }
        : { ...common, outcome, event: { type: "failed", outcome, reason } };
  return conclude(context, found, ending, now);
}

/** Everything that was to be published when the master ended. */
export function intents(context: Context): PublishIntent[] {
  const { store } = context;
  return store.publishingAttempts().flatMap((attempt) => {
    const job = store.job(attempt.job_id);
    return job === undefined ? [] : [toIntent(context, { job, attempt })];
  });
}

/**
 * A worker reports an attempt that made no film.
 * @throws VcError not_found, stale_attempt, conflict (it was handed in before)
 */
export function fail(context: Context, input: Input<"job_failed">, now: Instant): Reply<"job_failed"> {
  const found = findAttempt(context, input);
  const stands = standing(found.job, found.attempt);
  const answered = repeatedAnswer(found.attempt, stands, "failed");
  if (answered !== null) return { ok: true, status: answered };
  if (stands === "publishing") {
    throw new VcError("conflict", `${nameOf(found.attempt)} was handed in already and is being published.`);
  }
  const current = stands === "lapsed" ? resume(context, found.job, found.attempt, now) : found;
  const { outcome = "retry", reason = "unspecified", error_message: message, report } = input;
  const unreadable = reason === "source_unreadable" ? eventOfUnreadable(context, current, now) : null;
  const ending: Pick<Ending, "event" | "outcome"> = isLoss(reason)
    ? { outcome: "lost", event: unreadable ?? { type: "lost", reason } }
    : { outcome, event: { type: "failed", outcome, reason } };
  const told = { reason, message, report, ended_by: "failed" } as const;
  return { ok: true, status: conclude(context, current, { ...ending, ...told }, now) };
}

/** Ends an attempt that made no film; where it may be its worker's fault, that is noted. The answer stays what it was. */
function conclude(context: Context, found: Found, ending: Ending, now: Instant): JobStatus {
  const status = endAttempt(context, found, ending, now);
  const { outcome, reason } = ending;
  if (reason !== null && (outcome === "retry" || outcome === "lost"))
    noteFailure(context, found.attempt, { reason, message: ending.message ?? "" }, now);
  return status;
}

/** Whether a staging file of this attempt may still be needed. */
export function isHeld({ store }: Context, of: AttemptKey): boolean {
  const job = store.job(of.job_id);
  const attempt = store.attempt(of);
  if (job === undefined || attempt === undefined) return false;
  return ["held", "lapsed", "publishing"].includes(standing(job, attempt));
}

function findAttempt(
  { store }: Context,
  of: { job_id: string; worker_id: string; attempt?: number | undefined },
): Found {
  const { job_id, worker_id } = of;
  const job = store.job(job_id);
  if (job === undefined) throw new VcError("not_found", `There is no job ${job_id}.`);
  const attempt =
    of.attempt === undefined
      ? store.lastAttemptBy({ job_id, worker_id })
      : store.attempt({ job_id, attempt: of.attempt });
  if (attempt === undefined || attempt.worker_id !== worker_id) {
    throw new VcError("stale_attempt", `Worker ${worker_id} does not hold that attempt of job ${job_id}.`);
  }
  if (of.attempt === undefined && attempt.protocol === 2) {
    throw new VcError("bad_request", `attempt is missing: job ${job_id} was claimed with protocol=2.`);
  }
  return { job, attempt };
}

/** The answer that was given before, if the attempt ended by the same call. @throws VcError stale_attempt */
function repeatedAnswer(
  attempt: AttemptRow,
  stands: Standing,
  call: "complete" | "failed",
): JobStatus | null {
  if (stands === "answered" && attempt.ended_by === call) return attempt.answer;
  if (stands !== "answered" && stands !== "stale") return null;
  const ended = attempt.outcome === null ? "" : ` It ended before: ${attempt.message ?? attempt.outcome}`;
  throw new VcError("stale_attempt", `${nameOf(attempt)} no longer counts.${ended}`);
}

function findPublishing({ store }: Context, of: AttemptKey): Found | { answer: JobStatus } {
  const job = store.job(of.job_id);
  const attempt = store.attempt(of);
  if (job !== undefined && attempt !== undefined) {
    if (attempt.answer !== null) return { answer: attempt.answer };
    if (standing(job, attempt) === "publishing") return { job, attempt };
  }
  throw new VcError("stale_attempt", `Attempt ${of.attempt} of job ${of.job_id} is not being published.`);
}

function toIntent({ store }: Context, { job, attempt }: Found): PublishIntent {
  const original = store.original(keyOf(attempt));
  const { job_id, source_size, source_mtime_ns, outputs } = attempt;
  if (outputs === null) throw new Error(`${nameOf(attempt)} is published without a recorded intent`);
  return {
    job_id,
    attempt: attempt.attempt,
    source_rel: job.source_rel,
    source_size,
    source_mtime_ns,
    outputs,
    stale: job.published_beside.filter((old) => !outputs.some((one) => one.output_rel === old.output_rel)),
    original: original?.state === "moving" ? { kept_rel: original.kept_rel } : null,
  };
}

function nameOf({ job_id, attempt }: AttemptRow): string {
  return `Attempt ${attempt} of job ${job_id}`;
}
