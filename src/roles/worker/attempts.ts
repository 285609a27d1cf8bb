import { rm } from "node:fs/promises";
import { messageOf } from "../../shared/errors.ts";
import type { JobOrder, Reason } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { HeldAttempt } from "../../shared/worker.ts";
import type { Connection } from "./connection.ts";
import { type Execution, ended, execute } from "./executor.ts";
import type { GpuLease } from "./gpus.ts";
import type { AttemptTask } from "./messages.ts";
import { createReporter, DRAINED } from "./reporter.ts";

type Key = { job_id: string; attempt: number };
type Running = {
  order: JobOrder;
  execution: Execution;
  /** Gives back what it had of the GPUs. */
  release(): void;
  /** Why it was stopped: the master no longer wants it, or this worker hands it back. */
  stopped: "unwanted" | "handed_back" | null;
  converting: boolean;
};

/** The attempts that this worker holds: converting, or handing in. */
export type Attempts = {
  held(): HeldAttempt[];
  /** How many more may be started. */
  free(): number;
  /** `lease` learns what the attempt does, and is released when it converts no more. */
  start(order: JobOrder, task: Omit<AttemptTask, "order">, lease: Omit<GpuLease, "use">): void;
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
  /** The argv that starts the process of an attempt; null: this program's own. */
  job: string[] | null;
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

  const begin = (
    order: JobOrder,
    target: string | null,
    log: Logger,
    of: Pick<Running, "execution" | "release">,
  ) => {
    const attempt: Running = { order, ...of, stopped: null, converting: true };
    running.set(keyOf({ job_id: order.id, attempt: order.attempt }), attempt);
    void run(attempt, target, log);
  };

  const run = async (attempt: Running, target: string | null, log: Logger) => {
    const { order } = attempt;
    const result = await attempt.execution.finished;
    attempt.release();
    attempt.converting = false;
    announce();
    try {
      const { stopped } = attempt;
      if (stopped === "unwanted") log.info("attempt stopped: the master no longer wants it");
      else if (stopped === "handed_back") await report(order, DRAINED, log);
      else if (result.outcome !== "stopped") await report(order, result, log);
    } catch (error) {
      await discard(target, error, log);
    } finally {
      running.delete(keyOf({ job_id: order.id, attempt: order.attempt }));
      announce();
    }
  };

  const discard = async (target: string | null, error: unknown, log: Logger) => {
    // What was handed in and not answered may be published yet. The master removes what nobody handed in.
    if (signal.aborted) return log.warn("the worker ends before the master has answered");
    if (target !== null) await rm(target, { force: true }).catch(() => {});
    log.warn("the result was thrown away", { reason: messageOf(error) });
  };

  return {
    held: () => [...running.values()].map(heldOf),
    free: () => concurrency - [...running.values()].filter(({ converting }) => converting).length,
    start(order, task, { release, ...link }) {
      // Two would write into one file.
      if (running.has(keyOf({ job_id: order.id, attempt: order.attempt }))) return release();
      const log = parts.log.with({ job_id: order.id, attempt: order.attempt });
      log.info("attempt started", { source: order.source_rel });
      const execution = execute({ ...task, order }, parts.job ?? undefined, link);
      begin(order, task.target, log, { execution, release });
    },
    refuse(order, why) {
      const log = parts.log.with({ job_id: order.id, attempt: order.attempt });
      const failed = { outcome: "retry", reason: "worker_error", report: {} } as const;
      const execution = ended(why === "drained" ? DRAINED : { ...failed, ...why });
      begin(order, null, log, { execution, release: () => undefined });
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

function end(attempt: Running | undefined, why: "unwanted" | "handed_back"): void {
  if (attempt === undefined || !attempt.converting) return;
  attempt.stopped ??= why;
  attempt.execution.stop();
}

function heldOf({ order, execution, converting }: Running): HeldAttempt {
  const progress = execution.progress();
  return {
    job_id: order.id,
    attempt: order.attempt,
    progress: converting ? progress : { ...progress, stage: "handing_in", percent: 100, eta_s: 0 },
  };
}

function keyOf({ job_id, attempt }: Key): string {
  return `${job_id}.${attempt}`;
}
