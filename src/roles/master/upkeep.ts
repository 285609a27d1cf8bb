import { type Instant, toTimestamp } from "../../shared/clock.ts";
import type { Context } from "./context.ts";
import type { AttemptKey } from "./leases.ts";
import { standing } from "./lifecycle.ts";
import { endAttempt, isOutdated } from "./moves.ts";
import { silence, viewWorker } from "./presence.ts";
import { stillWaiting } from "./retry.ts";
import { recheckUnreadable } from "./unreadable.ts";

/** Nobody looks for a machine that was away for so long, and no process of it comes back. */
const FORGET_AFTER_MS = 30 * 24 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

/** What time alone changes. Call it every second or so. */
export function createUpkeep(context: Context): (now: Instant) => void {
  let begun = false;
  let forget_ms = Number.NEGATIVE_INFINITY;
  let last_ms = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (!begun) {
      giveFullLeases(context, now);
      takeOverSilence(context, now);
    }
    context.later(() => {
      begun = true;
    });
    for (const key of context.leases.expired(now.monotonic_ms)) lapse(context, key, now);
    if (context.store.releaseDue(stillWaiting(now.wall_ms, context.settings)))
      context.emit(() => ({ type: "queued" }));
    wakeForSilence(context, now, last_ms);
    reportSilence(context, now);
    context.later(() => {
      last_ms = now.monotonic_ms;
    });
    if (now.monotonic_ms < forget_ms) return;
    forget(context, now);
    recheckUnreadable(context, now);
    context.later(() => {
      forget_ms = now.monotonic_ms + FORGET_EVERY_MS;
    });
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

/** A film that was left to a worker goes to others once that one is silent for a lease: those who wait must hear of it. */
function wakeForSilence({ heard, settings, emit }: Context, now: Instant, since_ms: number): void {
  const fell_silent = [...heard.values()].some((heard_ms) => {
    const due_ms = heard_ms + settings.lease_ms;
    return due_ms > since_ms && due_ms <= now.monotonic_ms;
  });
  if (fell_silent) emit(() => ({ type: "queued" }));
}

/** Only memory is asked every second: a table of a thousand workers is too much for that. */
function reportSilence(context: Context, now: Instant): void {
  const { heard, silent, settings, store } = context;
  for (const [id, heard_ms] of heard) {
    if (now.monotonic_ms - heard_ms < settings.offline_after_ms || silent.has(id)) continue;
    context.later(() => silent.add(id));
    const row = store.worker(id);
    if (row !== undefined) context.emit(() => ({ type: "worker", worker: viewWorker(context, row, now) }));
  }
}

/** Workers and sessions that are of no use any more. A wall clock that jumps takes no worker away that is heard. */
function forget(context: Context, now: Instant): void {
  const { store, heard, silent, stops, later, settings } = context;
  const before = toTimestamp(now.wall_ms - FORGET_AFTER_MS);
  for (const id of store.workersSilentSince(before)) {
    if (now.monotonic_ms - (heard.get(id) ?? Number.NEGATIVE_INFINITY) < settings.offline_after_ms) continue;
    store.forgetWorker(id);
    later(() => {
      heard.delete(id);
      silent.delete(id);
      stops.drop(id);
    });
  }
  store.forgetSessions(before);
}
