import { rm } from "node:fs/promises";
import { extname } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import type { JobOrder, Reason } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { HeldAttempt } from "../../shared/worker.ts";
import type { Connection } from "./connection.ts";
import { type Execution, execute } from "./executor.ts";
import type { AttemptResult, AttemptTask } from "./messages.ts";

type Key = { job_id: string; attempt: number };
type Running = {
  order: JobOrder;
  execution: Execution;
  /** Why it was stopped: the master no longer wants it, or this worker hands it back. */
  stopped: "unwanted" | "handed_back" | null;
  converting: boolean;
};

/** The attempts that this worker holds: converting, or handing in. */
export type Attempts = {
  held(): HeldAttempt[];
  /** How many more may be started. */
  free(): number;
  start(order: JobOrder, task: Omit<AttemptTask, "order">): void;
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
  onFailure(reason: Reason): void;
  /** Ends the hand-ins that are still unanswered. */
  signal: AbortSignal;
}): Attempts {
  const { concurrency, connection, signal } = parts;
  const running = new Map<string, Running>();
  let change = Promise.withResolvers<void>();
  const announce = () => {
    change.resolve();
    change = Promise.withResolvers();
  };

  const run = async (id: string, attempt: Running, target: string, log: Logger) => {
    const result = await attempt.execution.finished;
    attempt.converting = false;
    announce();
    try {
      const { stopped } = attempt;
      if (stopped === "unwanted") log.info("attempt stopped: the master no longer wants it");
      else if (stopped === "handed_back") await report(attempt.order, DRAINED, log);
      else if (result.outcome !== "stopped") await report(attempt.order, result, log);
    } catch (error) {
      await rm(target, { force: true }).catch(() => {});
      if (!signal.aborted) log.warn("the result was thrown away", { reason: messageOf(error) });
    } finally {
      running.delete(id);
      announce();
    }
  };

  const report = async (order: JobOrder, result: AttemptResult, log: Logger) => {
    const of = { job_id: order.id, worker_id: connection.who.worker_id, attempt: order.attempt };
    if (result.outcome === "done") {
      const { size } = result;
      const extension = extname(order.staging).slice(1);
      const outputs = [{ staging: order.staging, role: "film" as const, extension, size }];
      const input = { ...of, output_size: size, outputs, report: result.report };
      const reply = await connection.insist("job_complete", input, {
        signal,
        timeout_ms: HAND_IN_TIMEOUT_MS,
      });
      return log.info("film handed in", { status: reply.status, size });
    }
    parts.onFailure(result.reason);
    const { outcome, reason, message } = result;
    log.warn("attempt failed", { outcome, reason, message });
    const input = { ...of, error_message: message, outcome, reason, report: result.report };
    await connection.insist("job_failed", input, { signal });
  };

  return {
    held: () => [...running.values()].map(heldOf),
    free: () => concurrency - [...running.values()].filter(({ converting }) => converting).length,
    start(order, task) {
      const log = parts.log.with({ job_id: order.id, attempt: order.attempt });
      log.info("attempt started", { source: order.source_rel });
      const execution = execute({ ...task, order });
      const attempt: Running = { order, execution, stopped: null, converting: true };
      const id = keyOf({ job_id: order.id, attempt: order.attempt });
      running.set(id, attempt);
      void run(id, attempt, task.target, log);
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

/** A publish across file systems copies a film; the master answers when it is done. */
const HAND_IN_TIMEOUT_MS = 600_000;

const DRAINED: AttemptResult = {
  outcome: "retry",
  reason: "drained",
  message: "The worker was stopped before this film was finished.",
  report: {},
};

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
