import { crashPoint } from "../../shared/crash-point.ts";
import {
  type AttemptReport,
  type JobOrder,
  type Output,
  type Reason,
  tellableNotes,
} from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { Connection } from "./connection.ts";
import type { AttemptResult } from "./messages.ts";

/**
 * Tells the master what became of an attempt, until it answers. Rejects when it is refused for good, and when
 * `signal` ends the waiting.
 */
export function createReporter(parts: {
  connection: Connection;
  /** Told of what may be wrong with this machine. */
  onFailure(reason: Reason, source_bytes?: number): void;
  signal: AbortSignal;
}): (order: JobOrder, result: AttemptResult, log: Logger) => Promise<void> {
  const { connection, signal } = parts;
  return async (order, { ...result }, log) => {
    result.report = tellable(result.report);
    const of = { job_id: order.id, worker_id: connection.who.worker_id, attempt: order.attempt };
    if (result.outcome === "done") {
      const { size } = result;
      const outputs = outputsOf(order, result);
      const input = { ...of, output_size: size, outputs, report: result.report };
      crashPoint("hand_in.calling");
      const reply = await connection.insist("job_complete", input, {
        signal,
        timeout_ms: HAND_IN_TIMEOUT_MS,
      });
      crashPoint("hand_in.answered");
      // It may have looked for the film in other folders than before: see whether they are still the same.
      if (reply.status !== "completed") parts.onFailure("mount_lost");
      return log.info("film handed in", { status: reply.status, size });
    }
    parts.onFailure(result.reason, order.source_size);
    const { outcome, reason, message } = result;
    if (outcome === "skipped") log.info("film left as it is", { reason, why: message });
    else log.warn("attempt failed", { outcome, reason, error: message });
    const input = { ...of, error_message: message, outcome, reason, report: result.report };
    const { status } = await connection.insist("job_failed", input, { signal });
    // The master sees what is missing here.
    if (reason === "source_missing" && status !== "skipped") parts.onFailure("mount_lost");
  };
}

function outputsOf({ staging }: JobOrder, of: Extract<AttemptResult, { outcome: "done" }>): Output[] {
  const hash = of.sha256 === undefined ? {} : { sha256: of.sha256 };
  const film: Output = { staging, role: "film", extension: of.container, size: of.size, ...hash };
  return [
    film,
    ...of.beside.map(
      ({ suffix, ...file }): Output => ({ ...file, staging: staging + suffix, role: "subtitle" }),
    ),
  ];
}

function tellable(report: AttemptReport): AttemptReport {
  return report.notes === undefined ? report : { ...report, notes: tellableNotes(report.notes) };
}

/** A publish across file systems copies a film; the master answers when it is done. */
const HAND_IN_TIMEOUT_MS = 600_000;

/** The report of a film that is handed back. */
export const DRAINED: AttemptResult = {
  outcome: "retry",
  reason: "drained",
  message: "The worker was stopped before this film was finished.",
  report: {},
};
