import type { WorkerRow } from "../../db/schema.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import { VcError } from "../../shared/errors.ts";
import type { Input } from "../../shared/protocol.ts";
import type { Context } from "./context.ts";
import { noteDeath } from "./deaths.ts";
import type { AttemptKey } from "./leases.ts";
import { endAttempt } from "./moves.ts";
import { silence, viewWorker } from "./presence.ts";
import { afterStart } from "./quarantine.ts";
import { judgeRegistration } from "./scheduler.ts";

/**
 * A process of a worker says that it has started. `living` is a session of this id whose process is known to live
 * at this moment.
 * @throws VcError worker_id_taken (another live worker), session_replaced (a late message of an old process)
 */
export function register(
  context: Context,
  input: Input<"register"> & { living: string | null },
  now: Instant,
): { lease_ms: number } {
  const { store, settings } = context;
  const { worker_id, session, hostname } = input;
  const row = store.worker(worker_id);
  const known = row && {
    ...row,
    silent_ms: silence(context, row, now),
    lives: row.session !== null && row.session === input.living,
  };
  const verdict = judgeRegistration(known, input, settings.offline_after_ms);
  if (verdict !== "same" && store.sessionKnown({ id: session, worker_id })) throw replaced(worker_id);
  if (verdict === "taken" && known) throw taken(known, hostname);
  if (verdict === "replaced" && row !== undefined) noteDeath(context, row, now, input.finished);
  const starts = verdict !== "same";
  const known_now = store.worker(worker_id) ?? blankWorker(worker_id);
  if (starts) store.insertSession({ id: session, worker_id, started_at: toTimestamp(now.wall_ms) });
  saveHeard(context, now, {
    ...known_now,
    session,
    hostname,
    version: input.version,
    concurrency: input.concurrency,
    ...(starts
      ? { draining: false, stopped: false, problem: null, record: afterStart(known_now.record) }
      : {}),
  });
  if (starts) {
    context.later(() => context.stops.forget(worker_id));
    context.later(() => context.said.delete(worker_id));
  }
  // The old process may still wait for a word: it gets the one that it must stop.
  if (verdict === "replaced") context.emit(() => ({ type: "control", worker_id }));
  return { lease_ms: settings.lease_ms };
}

/** The session of another process with this id that has not said goodbye. */
export function rival({ store }: Context, { worker_id, session }: Input<"register">): string | null {
  const row = store.worker(worker_id);
  return row === undefined || row.stopped || row.session === session ? null : row.session;
}

/**
 * The worker that makes a call. One without a session speaks the seed's wire format: it is made on first contact.
 * @throws VcError unknown_worker (register first), session_replaced
 */
export function identify(
  context: Context,
  call: { worker_id: string; session?: string | undefined },
  now: Instant,
): WorkerRow {
  const { store } = context;
  const row = store.worker(call.worker_id);
  if (call.session !== undefined && row?.session !== call.session) {
    if (store.sessionKnown({ id: call.session, worker_id: call.worker_id })) throw replaced(call.worker_id);
    throw new VcError("unknown_worker", `The master does not know worker ${call.worker_id}: register first.`);
  }
  if (row === undefined) return saveHeard(context, now, blankWorker(call.worker_id));
  hear(context, row.id, now);
  return row;
}

/** Saves what a worker told of itself, and that it was heard. */
export function saveHeard(context: Context, now: Instant, row: WorkerRow): WorkerRow {
  const saved = { ...row, last_heartbeat: toTimestamp(now.wall_ms) };
  context.store.saveWorker(saved);
  hear(context, row.id, now);
  context.emit(() => ({ type: "worker", worker: viewWorker(context, saved, now) }));
  return saved;
}

function hear(context: Context, worker_id: string, now: Instant): void {
  context.later(() => {
    context.heard.set(worker_id, now.monotonic_ms);
    context.silent.delete(worker_id);
  });
}

/** @throws VcError not_found */
export function drain(context: Context, worker_id: string, now: Instant): void {
  const row = context.store.worker(worker_id);
  if (row === undefined) throw new VcError("not_found", `There is no worker ${worker_id}.`);
  const draining = { ...row, draining: true };
  context.store.saveWorker(draining);
  context.later(() => context.stops.touch(worker_id));
  context.emit(() => ({ type: "control", worker_id }));
  context.emit(() => ({ type: "worker", worker: viewWorker(context, draining, now) }));
}

/**
 * A worker says goodbye: it is offline at once, and what it still holds goes to others. What it has `finished` stays its
 * own for a lease: it may be started anew, and hand it in.
 */
export function leave(context: Context, row: WorkerRow, finished: readonly AttemptKey[], now: Instant): void {
  freeAll(context, row.id, finished, now);
  saveHeard(context, now, { ...(context.store.worker(row.id) ?? row), stopped: true, problem: null });
}

function freeAll(context: Context, worker_id: string, finished: readonly AttemptKey[], now: Instant): void {
  for (const job of context.store.heldJobsOf(worker_id)) {
    const attempt = context.store.attempt({ job_id: job.id, attempt: job.attempt });
    if (attempt === undefined || job.status !== "processing") continue;
    if (finished.some((one) => one.job_id === job.id && one.attempt === job.attempt)) continue;
    const reason = "drained" as const;
    const message = `Worker ${worker_id} was stopped.`;
    const ending = { outcome: "lost", reason, message, ended_by: null } as const;
    endAttempt(context, { job, attempt }, { ...ending, event: { type: "lost", reason } }, now);
  }
}

function blankWorker(id: string): WorkerRow {
  return {
    id,
    hostname: "",
    last_heartbeat: null,
    vulkan_available: false,
    active_jobs: 0,
    gpu_name: null,
    gpu_usage: null,
    gpus: [],
    cpu_usage: null,
    memory_usage: null,
    session: null,
    concurrency: 1,
    version: null,
    problem: null,
    draining: false,
    stopped: false,
    completed: 0,
    failed: 0,
    lost: 0,
    record: null,
    encode_ms: 0,
    verify_ms: 0,
  };
}

function replaced(worker_id: string): VcError {
  return new VcError(
    "session_replaced",
    `Another process has registered as worker ${worker_id} since. This one must stop.`,
  );
}

function taken(known: { id: string; hostname: string; silent_ms: number }, hostname: string): VcError {
  const ago = Math.round(known.silent_ms / 1000);
  const message =
    known.hostname === hostname
      ? `The worker id ${known.id} is in use by another process on this host (${hostname}), which answers. Stop that one, or give this one an id of its own (--id or worker.id).`
      : `The worker id ${known.id} is in use on host ${known.hostname}, heard ${ago} s ago. Give this machine another one (--id or worker.id).`;
  return new VcError("worker_id_taken", message);
}
