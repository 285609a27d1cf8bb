import { messageOf } from "../../shared/errors.ts";
import type { JobOrder, Reason } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { HeldAttempt } from "../../shared/worker.ts";
import type { Connection } from "./connection.ts";
import { ended } from "./executor.ts";
import type { AttemptResult } from "./messages.ts";
import { createReporter, DRAINED } from "./reporter.ts";
import type { Undertaking } from "./undertaking.ts";

type Key = { job_id: string; attempt: number };
/** `kept`: the film is finished, and stays on this machine for the next process of this worker. */
type Result = AttemptResult | { outcome: "stopped" } | { outcome: "kept" };
type Running = {
  order: JobOrder;
  undertaking: Undertaking;
  /** Why it was stopped: the master no longer wants it, or this worker hands it back. */
  stopped: "unwanted" | "handed_back" | null;
  converting: boolean;
  /** Its film is on the way to the master. */
  delivery: { percent: number; cut: AbortController } | null;
};

/** The attempts that this worker holds: converting, on their way to the master, or handing in. */
export type Attempts = {
  held(): HeldAttempt[];
  /** Those whose finished films stay on this machine when it ends now. */
  kept(): Key[];
  /** How many more may be started. */
  free(): number;
  /** Begins an attempt, unless it runs already: two would write into one file. */
  start(order: JobOrder, undertake: (log: Logger) => Undertaking): void;
  /** Reports an order that is not even begun. */
  refuse(order: JobOrder, why: "drained" | { message: string }): void;
  /** The master no longer wants these: end them, throw away what they made, tell nobody. */
  stop(unwanted: readonly Key[]): void;
  /** Ends all that still converts and gives it back to the queue; finished films on their way to the master are kept. */
  handBack(): void;
  /** Resolves when the number of free slots or of held attempts has changed. */
  changed(): Promise<void>;
};

export function createAttempts(parts: {
  concurrency: number;
  connection: Connection;
  log: Logger;
  onFailure(reason: Reason, source_bytes?: number): void;
  /** Ends the hand-ins that are still unanswered. */
  signal: AbortSignal;
}): Attempts {
  const { concurrency, signal } = parts;
  const report = createReporter(parts);
  const running = new Map<string, Running>();
  const kept = new Map<string, Key>();
  let change = Promise.withResolvers<void>();
  const announce = () => {
    change.resolve();
    change = Promise.withResolvers();
  };

  const begin = (order: JobOrder, undertaking: Undertaking, log: Logger) => {
    const attempt: Running = { order, undertaking, stopped: null, converting: true, delivery: null };
    running.set(keyOf(ofOrder(order)), attempt);
    void run(attempt, log);
  };

  const run = async (attempt: Running, log: Logger) => {
    const { order, undertaking } = attempt;
    const made = await undertaking.execution.finished;
    undertaking.release();
    attempt.converting = false;
    announce();
    const key = ofOrder(order);
    try {
      if (made.outcome === "done" && undertaking.deliver !== null) kept.set(keyOf(key), key);
      const result = await delivered(attempt, made, signal);
      const { stopped } = attempt;
      if (result.outcome === "kept")
        return log.info("the finished film is kept here, this worker hands it in at its next start");
      if (stopped === "unwanted") log.info("attempt stopped: the master no longer wants it");
      else if (stopped === "handed_back") await report(order, DRAINED, log);
      else if (result.outcome === "stopped") log.info("attempt ended: it no longer counts at the master");
      else await report(order, result, log);
      kept.delete(keyOf(key));
      if (undertaking.deliver !== null) await undertaking.forget();
    } catch (error) {
      await discard(attempt, error, log);
    } finally {
      running.delete(keyOf(key));
      announce();
    }
  };

  const discard = async ({ order, undertaking }: Running, error: unknown, log: Logger) => {
    // What was handed in and not answered may be published yet. The master removes what nobody handed in.
    if (signal.aborted) return log.warn("the worker ends before the master has answered");
    kept.delete(keyOf(ofOrder(order)));
    await undertaking.forget().catch(() => {});
    log.warn("the result was thrown away", { reason: messageOf(error) });
  };

  return {
    held: () => [...running.values()].map(heldOf),
    kept: () => [...kept.values()],
    free: () => freeSlots([...running.values()], concurrency),
    start(order, undertake) {
      if (running.has(keyOf(ofOrder(order)))) return;
      const log = parts.log.with(ofOrder(order));
      begin(order, undertake(log), log);
    },
    refuse(order, why) {
      const log = parts.log.with(ofOrder(order));
      const failed = { outcome: "retry", reason: "worker_error", report: {} } as const;
      const execution = ended(why === "drained" ? DRAINED : { ...failed, ...why });
      begin(order, { execution, release: () => undefined, deliver: null, forget: async () => {} }, log);
    },
    stop(unwanted) {
      for (const key of unwanted) end(running.get(keyOf(key)), "unwanted");
    },
    handBack() {
      for (const attempt of running.values()) end(attempt, "handed_back");
    },
    changed: () => change.promise,
  };
}

/** Where films are made faster than they can be sent, they would fill the disk. */
function freeSlots(running: Running[], concurrency: number): number {
  const busy = running.filter(({ converting }) => converting).length;
  const on_their_way = running.filter(({ delivery }) => delivery !== null).length;
  return concurrency - busy - Math.max(0, on_their_way - concurrency);
}

/**
 * The result of an attempt once its film lies at the master. Rejects when `signal` ends the worker before. A film that is
 * handed back is not sent, but kept.
 */
async function delivered(attempt: Running, made: Result, signal: AbortSignal): Promise<Result> {
  const { deliver } = attempt.undertaking;
  if (made.outcome !== "done" || deliver === null || attempt.stopped === "unwanted") return made;
  const delivery = { percent: 0, cut: new AbortController() };
  if (attempt.stopped === "handed_back") delivery.cut.abort();
  attempt.delivery = delivery;
  const onProgress = (percent: number) => {
    delivery.percent = percent;
  };
  const end = () => delivery.cut.abort();
  signal.addEventListener("abort", end);
  try {
    return await deliver(made, { signal: delivery.cut.signal, onProgress });
  } catch (error) {
    if (attempt.stopped === null) throw error;
    return { outcome: attempt.stopped === "handed_back" ? "kept" : "stopped" };
  } finally {
    signal.removeEventListener("abort", end);
    attempt.delivery = null;
  }
}

function end(attempt: Running | undefined, why: "unwanted" | "handed_back"): void {
  if (attempt === undefined || (!attempt.converting && attempt.delivery === null)) return;
  attempt.stopped ??= why;
  attempt.delivery?.cut.abort();
  attempt.undertaking.execution.stop();
}

function heldOf({ order, undertaking, converting, delivery }: Running): HeldAttempt {
  const progress = undertaking.execution.progress();
  const { job_id, attempt } = ofOrder(order);
  if (converting) return { job_id, attempt, progress };
  const idle = { fps: null, speed: null, eta_s: null };
  if (delivery !== null)
    return { job_id, attempt, progress: { ...idle, stage: "uploading", percent: delivery.percent } };
  return { job_id, attempt, progress: { ...progress, stage: "handing_in", percent: 100, eta_s: 0 } };
}

function ofOrder({ id: job_id, attempt }: JobOrder): Key {
  return { job_id, attempt };
}

function keyOf({ job_id, attempt }: Key): string {
  return `${job_id}.${attempt}`;
}
