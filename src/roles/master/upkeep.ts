import type { Instant } from "../../shared/clock.ts";
import type { Context } from "./context.ts";
import type { AttemptKey } from "./leases.ts";
import { standing } from "./lifecycle.ts";
import { endAttempt, isOutdated } from "./moves.ts";
import { silence, viewWorker } from "./sessions.ts";

/** What time alone changes. Call it every second or so. */
export function createUpkeep(context: Context): (now: Instant) => void {
  let begun = false;
  return (now) => {
    if (!begun) {
      giveFullLeases(context, now);
      takeOverSilence(context, now);
    }
    context.later(() => {
      begun = true;
    });
    for (const key of context.leases.expired(now.monotonic_ms)) lapse(context, key, now);
    if (context.store.releaseDue(now.wall_ms)) context.emit(() => ({ type: "queued" }));
    reportSilence(context, now);
  };
}

/** After a restart of the master nobody knows how old the leases are: all that is held gets a full one. */
function giveFullLeases({ store, leases, later }: Context, now: Instant): void {
  for (const { id, attempt, status } of store.heldJobs()) {
    if (status === "processing") later(() => leases.renew({ job_id: id, attempt }, now.monotonic_ms));
  }
}

/** From here on the monotonic clock counts: a wall clock that was set back must keep no worker alive for ever. */
function takeOverSilence(context: Context, now: Instant): void {
  const { store, heard, later } = context;
  for (const row of store.allWorkers()) {
    const heard_ms = now.monotonic_ms - silence(context, row, now);
    if (Number.isFinite(heard_ms)) later(() => void (heard.has(row.id) || heard.set(row.id, heard_ms)));
  }
}

function lapse(context: Context, key: AttemptKey, now: Instant): void {
  const job = context.store.job(key.job_id);
  const attempt = context.store.attempt(key);
  const held = job !== undefined && attempt !== undefined && standing(job, attempt) === "held";
  if (!held) {
    context.later(() => context.leases.end(key));
    return;
  }
  const reason = isOutdated(job, attempt) ? "source_changed" : "lease_expired";
  const message = `Worker ${attempt.worker_id} was not heard for ${context.settings.lease_ms / 1000} s.`;
  const ending = { outcome: "lost", reason, message, ended_by: null } as const;
  endAttempt(context, { job, attempt }, { ...ending, event: { type: "lost", reason } }, now);
}

function reportSilence(context: Context, now: Instant): void {
  for (const row of context.store.allWorkers()) {
    if (context.silent.has(row.id) || silence(context, row, now) < context.settings.offline_after_ms)
      continue;
    context.later(() => context.silent.add(row.id));
    context.emit(() => ({ type: "worker", worker: viewWorker(context, row, now) }));
  }
}
