import type { AttemptRow, JobRow } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import type { Context } from "./context.ts";
import type { JobEvent } from "./lifecycle.ts";
import { move } from "./moves.ts";
import { othersReady } from "./presence.ts";

/** Films that a worker's user may not read: nobody's fault but the permissions', and over once somebody mends them. */

const RECHECK_AFTER_MS = 24 * 3_600_000;
/** More in one round would hold up claims. */
const MOST_RECHECKED = 1000;

/** What becomes of such a film: others try it, each once; then it is failed, until it is looked at again. */
export function eventOfUnreadable(
  context: Context,
  { job, attempt }: { job: JobRow; attempt: AttemptRow },
  now: Instant,
): JobEvent {
  const reason = "source_unreadable" as const;
  // Those since a person or a change of the source gave it a new start.
  const tries = context.store.attemptsOf(job.id).slice(-(job.lost_count + job.retry_count + 1));
  const tried = new Set(tries.filter((one) => one.reason === reason).map(({ worker_id }) => worker_id));
  tried.add(attempt.worker_id);
  const left = othersReady(context, attempt.worker_id, now).some(({ id }) => !tried.has(id));
  return left ? { type: "lost", reason } : { type: "failed", outcome: "permanent", reason };
}

/** Rights of a folder or a user change without a sign at the film, which a scan would see: a day later it is tried again. */
export function recheckUnreadable(context: Context, now: Instant): void {
  const { store } = context;
  const some = store.counts().some((row) => row.status === "failed" && row.reason === "source_unreadable");
  if (!some) return;
  const of = { reason: "source_unreadable", before_ms: now.wall_ms - RECHECK_AFTER_MS } as const;
  for (const job of store.failedJobs(of, MOST_RECHECKED)) move(context, job, { type: "retry" }, now);
}
