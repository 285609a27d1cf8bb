import { RETRY_REASONS, type Reason } from "../../shared/job.ts";
import type { WorkerFailure, WorkerRecord } from "../../shared/worker.ts";

/**
 * When a worker gets no films because all that it had failed: after three of different films without a success
 * between. It waits for `quarantine_ms`, then gets one film at a time until one succeeds; each of these that fails
 * doubles the wait. A film that failed on another worker, too, is the film's own fault and counts for neither.
 */
const TOO_MANY = 3;
/** 16 times: a minute becomes a quarter of an hour, so that a machine that was repaired is soon found out. */
const MOST_DOUBLINGS = 4;
/** More tell nothing new. */
const MOST_KEPT = 30;

export type QuarantineSettings = {
  /** The first wait; 0: never. */
  quarantine_ms: number;
};

const CLEAN: WorkerRecord = { failures: [], until_ms: null, times: 0, probe: null };

/** Whether an attempt that ended so may be its worker's fault. */
export function mayBlame(reason: Reason | null): boolean {
  return reason !== null && BLAMED.has(reason);
}

const BLAMED = new Set<Reason>([
  ...RETRY_REASONS,
  "mount_lost",
  "transfer_failed",
  "ffmpeg_missing",
  "worker_restarted",
]);

/**
 * The record after one more failure. `others`: another worker could take its films, so that it costs nothing to doubt
 * this one, and failures count even if they are all of one film.
 */
export function afterFailure(
  record: WorkerRecord | null,
  failure: WorkerFailure,
  of: QuarantineSettings & { now_ms: number; others: boolean },
): WorkerRecord {
  const known = record ?? CLEAN;
  const failures = [...known.failures, failure].slice(-MOST_KEPT);
  const isProbe = known.probe?.job_id === failure.job_id && known.probe.attempt === failure.attempt;
  // What ran since before the quarantine says nothing that is not known.
  const due = known.until_ms === null ? count(failures, of.others) >= TOO_MANY : isProbe;
  if (!due || of.quarantine_ms === 0) return { ...known, failures };
  const until_ms = of.now_ms + of.quarantine_ms * 2 ** Math.min(known.times, MOST_DOUBLINGS);
  return { failures, until_ms, times: known.times + 1, probe: null };
}

/** A machine may die of the same film again and again, or of none: each death counts. */
function count(failures: WorkerFailure[], others: boolean): number {
  const each = others ? failures : failures.filter(({ reason }) => reason === "worker_restarted");
  const films = failures.filter((failure) => !each.includes(failure)).map(({ job_id }) => job_id);
  return each.length + new Set(films).size;
}

/** The record once a film is known to fail elsewhere, too; null when nothing is left in it. */
export function exonerate(record: WorkerRecord | null, job_id: string): WorkerRecord | null {
  if (record === null) return null;
  const failures = record.failures.filter((failure) => failure.job_id !== job_id);
  return failures.length === 0 ? null : { ...record, failures };
}

/**
 * The record when a new process of the worker starts: somebody may have repaired it, so it is tried at once. Not after
 * a process that died: such a machine starts anew by itself, and for ever.
 */
export function afterStart(record: WorkerRecord | null): WorkerRecord | null {
  if (record === null || record.until_ms === null) return record;
  return record.failures.at(-1)?.reason === "worker_restarted" ? record : { ...record, until_ms: 0 };
}

/** `probation`: it may hold one film. A wait longer than any was set before the wall clock was put back: it is over. */
export function trustIn(
  record: WorkerRecord | null,
  now_ms: number,
  { quarantine_ms }: QuarantineSettings,
): "trusted" | "probation" | "quarantined" {
  const until_ms = record?.until_ms ?? null;
  if (until_ms === null || quarantine_ms === 0) return "trusted";
  const longest_ms = quarantine_ms * 2 ** MOST_DOUBLINGS;
  return until_ms > now_ms && until_ms <= now_ms + longest_ms ? "quarantined" : "probation";
}

/** For people: why it is quarantined, and what ends it. */
export function whyQuarantined({ failures, until_ms }: WorkerRecord, worker_id: string): string {
  const last = failures.at(-1);
  const films = failures.length === 1 ? "1 film" : `${failures.length} films in a row`;
  const why = last === undefined ? "" : ` The last: ${last.message.replace(/[.\s]*$/, "")}.`;
  const until = until_ms === null ? "" : ` Tried again with one film at ${clockTime(until_ms)} UTC,`;
  return `It gets no films: ${films} failed here and nowhere else.${why}${until} or at once when it is started anew, or by \`vc resume ${worker_id}\`.`;
}

/** HH:MM:SS */
function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
