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
type Result = AttemptResult | { outcome: "stopped" };
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
  /** How many more may be started. */
  free(): number;
  /** Begins an attempt, unless it runs already: two would write into one file. */
  start(order: JobOrder, undertake: (log: Logger) => Undertaking): void;
  /** Reports an order that is not even begun. */
  refuse(order: JobOrder, why: "drained" | { message: string }): void;
  /** The master no longer wants these: end them, throw away what they made, tell nobody. */
  stop(unwanted: readonly Key[]): void;
  /** Ends all that still converts and gives it back to the queue. */
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
  let change = Promise.withResolvers<void>();
  const announce = () => {
    change.resolve();
    change = Promise.withResolvers();
  };

  const begin = (order: JobOrder, undertaking: Undertaking, log: Logger) => {
    const attempt: Running = { order, undertaking, stopped: null, converting: true, delivery: null };
    running.set(keyOf({ job_id: order.id, attempt: order.attempt }), attempt);
    void run(attempt, log);
  };

  const run = async (attempt: Running, log: Logger) => {
    const { order, undertaking } = attempt;
    const made = await undertaking.execution.finished;
    undertaking.release();
    attempt.converting = false;
    announce();
    try {
      const result = await delivered(attempt, made, signal);
      const { stopped } = attempt;
      if (stopped === "unwanted") log.info("attempt stopped: the master no longer wants it");
      else if (stopped === "handed_back") await report(order, DRAINED, log);
      else if (result.outcome === "stopped") log.info("attempt ended: it no longer counts at the master");
      else await report(order, result, log);
      if (undertaking.deliver !== null) await undertaking.forget();
    } catch (error) {
      await discard(undertaking, error, log);
    } finally {
      running.delete(keyOf({ job_id: order.id, attempt: order.attempt }));
      announce();
    }
  };

  const discard = async (undertaking: Undertaking, error: unknown, log: Logger) => {
    // What was handed in and not answered may be published yet. The master removes what nobody handed in.
    if (signal.aborted) return log.warn("the worker ends before the master has answered");
    await undertaking.forget().catch(() => {});
    log.warn("the result was thrown away", { reason: messageOf(error) });
  };

  return {
    held: () => [...running.values()].map(heldOf),
    free: () => freeSlots([...running.values()], concurrency),
    start(order, undertake) {
      if (running.has(keyOf({ job_id: order.id, attempt: order.attempt }))) return;
      const log = parts.log.with({ job_id: order.id, attempt: order.attempt });
      begin(order, undertake(log), log);
    },
    refuse(order, why) {
      const log = parts.log.with({ job_id: order.id, attempt: order.attempt });
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

/** The result of an attempt once its film lies at the master. Rejects when `signal` ends the worker before. */
async function delivered(attempt: Running, made: Result, signal: AbortSignal): Promise<Result> {
  const { deliver } = attempt.undertaking;
  if (made.outcome !== "done" || deliver === null || attempt.stopped !== null) return made;
  const delivery = { percent: 0, cut: new AbortController() };
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
    return { outcome: "stopped" };
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
  const { job_id, attempt } = { job_id: order.id, attempt: order.attempt };
  if (converting) return { job_id, attempt, progress };
  const idle = { fps: null, speed: null, eta_s: null };
  if (delivery !== null)
    return { job_id, attempt, progress: { ...idle, stage: "uploading", percent: delivery.percent } };
  return { job_id, attempt, progress: { ...progress, stage: "handing_in", percent: 100, eta_s: 0 } };
}

function keyOf({ job_id, attempt }: Key): string {
  return `${job_id}.${attempt}`;
}
