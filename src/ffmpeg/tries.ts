import { open, rm } from "node:fs/promises";
import type { AttemptReport } from "../shared/job.ts";
import type { Plan } from "./plan.ts";

/** What is left of a try when another one follows within the same attempt. */

const EARLIER_TAIL_LENGTH = 4096;

/** What the report says of the last run goes to the earlier ones, before another takes its place. */
export function keepForPeople(report: AttemptReport, of: { plan: Plan; message: string }): void {
  const { command = [], log_tail = "" } = report;
  const run = { plan: of.plan.summary, message: of.message, command };
  report.earlier = [...(report.earlier ?? []), { ...run, log_tail: log_tail.slice(-EARLIER_TAIL_LENGTH) }];
}

/**
 * Another file in its place: an ffmpeg that makes nothing must not pass off what was there, nor one that nothing could
 * end go on writing into what the next one makes.
 */
export async function empty(path: string): Promise<void> {
  await rm(path, { force: true });
  await (await open(path, "wx")).close();
}
