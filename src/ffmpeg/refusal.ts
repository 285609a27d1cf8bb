import type { Reason } from "../shared/job.ts";

/** Why a source is not converted: an outcome for the master, a reason from the closed list, a sentence for people. */
export type Refusal = { outcome: "retry" | "permanent" | "skipped"; reason: Reason; message: string };

export function refusal(outcome: Refusal["outcome"], reason: Reason, message: string): { refusal: Refusal } {
  return { refusal: { outcome, reason, message } };
}
