import { type ErrorCode, messageOf, systemCode, VcError } from "../../../shared/errors.ts";
import type { Reason } from "../../../shared/job.ts";
import type { AttemptResult } from "../messages.ts";

/** What a transfer that was given up means for its attempt. `stopped`: nobody wants it any more. */
export type Ending = Exclude<AttemptResult, { outcome: "done" }> | { outcome: "stopped" };

export function endingOf(error: unknown): Ending {
  if (!(error instanceof VcError)) {
    const reason = systemCode(error) === "ENOSPC" ? "disk_full" : "worker_error";
    return ending("retry", reason, `A film could not be kept on this machine: ${messageOf(error)}.`);
  }
  if (UNWANTED.has(error.code)) return { outcome: "stopped" };
  if (error.code === "source_missing") return ending("skipped", "source_missing", error.message);
  return ending("retry", REASONS[error.code] ?? "transfer_failed", error.message);
}

const UNWANTED: ReadonlySet<ErrorCode> = new Set(["stale_attempt", "not_found", "session_replaced"]);
const REASONS: Partial<Record<ErrorCode, Reason>> = {
  source_changed: "source_changed",
  source_unreadable: "source_unreadable",
  storage_full: "disk_full",
};

function ending(outcome: "retry" | "skipped", reason: Reason, message: string): Ending {
  return { outcome, reason, message, report: {} };
}
