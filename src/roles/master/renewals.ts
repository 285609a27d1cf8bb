import type { WorkerRow } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import type { HeldAttempt } from "../../shared/worker.ts";
import type { Context } from "./context.ts";
import type { AttemptKey } from "./leases.ts";
import { standing } from "./lifecycle.ts";
import { resume } from "./moves.ts";
import { identify, leave, saveHeard } from "./sessions.ts";

/** Live progress; renews the leases of the attempts that it names. */
export function progress(
  context: Context,
  input: Input<"job_progress">,
  now: Instant,
): Reply<"job_progress"> {
  const worker = identify(context, input, now);
  return renew(context, worker, input.held, now);
}

/** How a worker does. A client of the seed's wire format names no attempts, only how many it runs. */
export function heartbeat(context: Context, input: Input<"heartbeat">, now: Instant): Reply<"heartbeat"> {
  const sender = identify(context, input, now);
  if (input.status === "stopped") {
    leave(context, sender, input.held ?? [], now);
    return { stop: [], draining: true };
  }
  const said = { doing: input.doing ?? null, warnings: input.warnings ?? [] };
  context.later(() => context.said.set(sender.id, said));
  const worker = saveHeard(context, now, {
    ...sender,
    draining: sender.draining || input.status === "draining",
    stopped: false,
    hostname: input.hostname,
    vulkan_available: input.vulkan_available,
    active_jobs: Math.round(input.active_jobs),
    gpu_name: input.gpu ?? null,
    gpu_usage: input.gpu_usage ?? null,
    gpus: input.gpus ?? [],
    cpu_usage: input.cpu_usage ?? null,
    memory_usage: input.memory_usage ?? null,
    problem: input.problem ?? null,
  });
  return renew(context, worker, input.held ?? newestHeld(context, worker), now);
}

/** What a waiting worker would be told now. */
export function control(context: Context, input: Input<"control">, now: Instant): Reply<"control"> {
  const worker = identify(context, input, now);
  return {
    version: context.stops.version(worker.id),
    stop: context.stops.list(worker.id),
    draining: worker.draining,
  };
}

/** As many as it says it runs: one whose claim's answer was lost to it is not kept alive by its heartbeats. */
function newestHeld({ store }: Context, worker: WorkerRow): HeldAttempt[] {
  return store
    .heldJobsOf(worker.id)
    .sort((a, b) => (b.started_at ?? "").localeCompare(a.started_at ?? ""))
    .slice(0, worker.active_jobs)
    .map((job) => ({ job_id: job.id, attempt: job.attempt }));
}

function renew(context: Context, worker: WorkerRow, held: HeldAttempt[], now: Instant) {
  const { leases, stops } = context;
  const stop: AttemptKey[] = [];
  for (const { job_id, attempt, progress: current } of held) {
    const key = { job_id, attempt };
    if (mayGoOn(context, worker.id, key, now)) {
      context.later(() => leases.renew(key, now.monotonic_ms, current));
    } else if (isOver(context, worker.id, key)) {
      stop.push(key);
    }
  }
  context.later(() => stops.keepOnly(worker.id, held));
  for (const key of stop) tellToStop(context, worker.id, key);
  context.emit(() => ({ type: "progress", worker_id: worker.id, held }));
  return { stop, draining: worker.draining };
}

/** True when the attempt has a lease to renew; one that had run out gets a new one. */
function mayGoOn(context: Context, worker_id: string, key: AttemptKey, now: Instant): boolean {
  const found = find(context, worker_id, key);
  if (found === undefined) return false;
  const stands = standing(found.job, found.attempt);
  if (stands === "lapsed") resume(context, found.job, found.attempt, now);
  return stands === "held" || stands === "lapsed";
}

/** An attempt that is being published, or that was answered, is no longer run: there is nothing to stop. */
function isOver(context: Context, worker_id: string, key: AttemptKey): boolean {
  const found = find(context, worker_id, key);
  return found === undefined || standing(found.job, found.attempt) === "stale";
}

function find({ store }: Context, worker_id: string, key: AttemptKey) {
  const job = store.job(key.job_id);
  const attempt = store.attempt(key);
  return job === undefined || attempt?.worker_id !== worker_id ? undefined : { job, attempt };
}

/** Puts an attempt on the list that the worker waits for. */
export function tellToStop(context: Context, worker_id: string, key: AttemptKey): void {
  context.later(() => void context.stops.add(worker_id, key));
  context.emit(() => ({ type: "control", worker_id }));
}
