import type { WorkerRow } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import { canClaim, type Worker } from "../../shared/worker.ts";
import type { Context } from "./context.ts";
import { trustIn, whyQuarantined } from "./quarantine.ts";
import { toWorker } from "./views.ts";

/** Milliseconds since the worker was heard; after a restart of the master by the wall clock. */
export function silence({ heard }: Context, row: WorkerRow, now: Instant): number {
  if (row.stopped) return Number.POSITIVE_INFINITY;
  const heard_ms = heard.get(row.id);
  if (heard_ms !== undefined) return now.monotonic_ms - heard_ms;
  if (row.last_heartbeat === null) return Number.POSITIVE_INFINITY;
  return Math.max(0, now.wall_ms - Date.parse(row.last_heartbeat));
}

export function listWorkers(context: Context, now: Instant): Worker[] {
  return context.store.allWorkers().map((row) => viewWorker(context, row, now));
}

export function viewWorker(context: Context, row: WorkerRow, now: Instant): Worker {
  const held = context.store.heldJobsOf(row.id);
  const standing = standingOf(context, row, now);
  const said = context.said.get(row.id);
  return toWorker(row, {
    ...standing,
    doing: standing.status === "offline" ? null : (said?.doing ?? null),
    warnings: said?.warnings ?? [],
    jobs: held.map((job) => ({
      job_id: job.id,
      source_rel: job.source_rel,
      progress: context.leases.progress(job.id),
    })),
  });
}

/** The other workers to which a film could go now. */
export function othersReady(context: Context, worker_id: string, now: Instant): WorkerRow[] {
  return context.store
    .allWorkers()
    .filter((row) => row.id !== worker_id && canClaim(standingOf(context, row, now)));
}

function standingOf(context: Context, row: WorkerRow, now: Instant): Pick<Worker, "status" | "problem"> {
  const online = silence(context, row, now) < context.settings.offline_after_ms;
  if (!online) return { status: "offline", problem: row.problem };
  if (row.draining) return { status: "draining", problem: row.problem };
  const quarantined = trustIn(row.record, now.wall_ms, context.settings) === "quarantined";
  if (row.record === null || !quarantined) return { status: "online", problem: row.problem };
  return { status: "quarantined", problem: row.problem ?? whyQuarantined(row.record, row.id) };
}
