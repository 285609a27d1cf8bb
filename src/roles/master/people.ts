import { join, sep } from "node:path";
import type { JobRow } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import { VcError } from "../../shared/errors.ts";
import type { Job } from "../../shared/job.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import type { Context } from "./context.ts";
import { standing, transition } from "./lifecycle.ts";
import { endAttempt, keyOf, move } from "./moves.ts";
import { tellToStop } from "./renewals.ts";
import { toAttempt, toJob } from "./views.ts";

/** What people ask for. `id` is a job's id, a unique beginning of one (3 characters or more), or its source. */

/** @throws VcError not_found, conflict (it is being published, or ended already) */
export function cancel(context: Context, id: string, now: Instant): Job {
  const job = findJob(context, id);
  if (job.status === "cancelled") return view(context, job);
  const attempt = context.store.attempt({ job_id: job.id, attempt: job.attempt });
  const stands = attempt && standing(job, attempt);
  const message = "Cancelled by a person.";
  if (attempt !== undefined && stands === "held") {
    const ending = { outcome: "cancelled", reason: "cancelled", message, ended_by: null } as const;
    endAttempt(context, { job, attempt }, { ...ending, event: { type: "cancel" } }, now);
    tellToStop(context, attempt.worker_id, keyOf(attempt));
  } else {
    accepted(job, "cancelled", move(context, job, { type: "cancel" }, now, { error_message: message }));
  }
  if (attempt !== undefined && stands === "lapsed") {
    context.store.saveAttempt({ ...attempt, outcome: "cancelled", reason: "cancelled", message });
    tellToStop(context, attempt.worker_id, keyOf(attempt));
  }
  return view(context, findJob(context, job.id));
}

/** @throws VcError not_found, conflict */
export function retry(context: Context, id: string, now: Instant): Job {
  const job = findJob(context, id);
  const { max_retries } = context.settings;
  const moved = move(context, job, { type: "retry" }, now, { max_retries });
  return view(context, accepted(job, "queued again", moved));
}

/** The failed jobs, oldest first. */
export function retryFailed(
  context: Context,
  limit: number | undefined,
  now: Instant,
): Reply<"retry_failed"> {
  const { store, settings } = context;
  const none = { status: "failed", retry_count: 0, lost_count: 0 } as const;
  const change = transition(none, { type: "retry" }, settings);
  if ("refused" in change) throw new Error(change.refused);
  const { back_off, ...facts } = change;
  const cleared = { error_message: null, worker_id: null, started_at: null, completed_at: null };
  const { max_retries } = settings;
  const row = { ...facts, ...cleared, max_retries, not_before_ms: 0, updated_ms: now.wall_ms };
  const retried = store.changeFailedJobs(row, limit);
  if (retried > 0) context.emit(() => ({ type: "queued" }));
  return { retried, remaining: store.countJobs({ status: "failed" }) };
}

/** @throws VcError not_found */
export function setPriority(context: Context, id: string, priority: number, now: Instant): Job {
  const job = { ...findJob(context, id), priority, updated_ms: now.wall_ms };
  context.store.saveJob(job);
  context.emit(() => ({ type: "job", job: view(context, job) }));
  return view(context, job);
}

export function listJobs(context: Context, input: Input<"jobs">): Reply<"jobs"> {
  const { store } = context;
  const { status, search } = input;
  const rows = store.listJobs({ status, search }, { limit: input.limit ?? 100, offset: input.offset ?? 0 });
  const simple = search === undefined || search === "";
  const counted = store.counts().filter((row) => status === undefined || row.status === status);
  const total = simple
    ? counted.reduce((sum, row) => sum + row.jobs, 0)
    : store.countJobs({ status, search });
  return { jobs: rows.map((row) => view(context, row)), total };
}

/** @throws VcError not_found, conflict (a beginning that several ids share) */
export function showJob(context: Context, id: string): Reply<"job"> {
  const job = findJob(context, id);
  const profile = job.status === "pending" ? context.wishes.of(job.source_rel).profile : job.profile;
  return {
    job: { ...view(context, job), profile },
    attempts: context.store.attemptsOf(job.id).map(toAttempt),
  };
}

/** @throws VcError not_found, conflict */
export function findJob({ store, settings }: Context, id: string): JobRow {
  const exact =
    store.job(id) ?? store.jobOfSource(id) ?? store.jobOfSource(relativeTo(settings.root_path, id));
  if (exact !== undefined) return exact;
  const prefix = id.toLowerCase();
  const found = /^[0-9a-z]{3,}$/.test(prefix) ? store.jobsByPrefix(prefix) : [];
  const [only, other] = found;
  if (only !== undefined && other === undefined) return only;
  if (other !== undefined) {
    throw new VcError(
      "conflict",
      `Several jobs begin with ${id}, such as ${only?.id} and ${other.id}: give more of it.`,
    );
  }
  throw new VcError(
    "not_found",
    `There is no job ${id}. Give an id, 3 or more characters of its beginning, or the source's path.`,
  );
}

function relativeTo(root_path: string, path: string): string {
  const root = join(root_path, sep);
  return path.startsWith(root) ? path.slice(root.length).replaceAll(sep, "/") : path;
}

function accepted(job: JobRow, wish: string, moved: ReturnType<typeof move>): JobRow {
  if (!("refused" in moved)) return moved;
  throw new VcError("conflict", `Job ${job.id} cannot be ${wish}: ${moved.refused}.`);
}

function view({ leases }: Context, row: JobRow): Job {
  return toJob(row, leases.progress(row.id));
}
