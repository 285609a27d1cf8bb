import { join, sep } from "node:path";
import type { AttemptRow, IntendedOutput, JobRow, OriginalRow, PublishedFile } from "../../db/schema.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import { VcError } from "../../shared/errors.ts";
import type { AttemptReport } from "../../shared/job.ts";
import type { Original, OriginalState } from "../../shared/originals.ts";
import type { Context } from "./context.ts";
import type { AttemptKey } from "./leases.ts";
import { standing } from "./lifecycle.ts";
import { type Ending, mustMove } from "./moves.ts";
import { pathBelow } from "./naming.ts";
import { outputKey } from "./output-names.ts";
import { findJob } from "./people.ts";
import { keptRel } from "./replacing.ts";

/** The records of replaced sources. Files are moved only between two of these operations. */

/** How a hand-in ends that would replace its source and says too little of how it was verified; null: it may. */
export function notProven(
  { settings }: Context,
  outputs: IntendedOutput[],
  report: AttemptReport | undefined,
): Pick<Ending, "event" | "outcome" | "reason" | "message"> | null {
  if (settings.replace !== true) return null;
  const { verified } = report ?? {};
  if (verified !== undefined && verified !== "quick" && typeof outputs[0]?.size === "number") return null;
  const reason = "verification_failed";
  const message =
    "The worker does not say that it verified the film in full, which storage.replace asks for. Update it to the master's version.";
  return { event: { type: "failed", outcome: "retry", reason }, outcome: "retry", reason, message };
}

/** With the intent to publish: the source is about to go into quarantine. */
export function beginReplacement(
  { store }: Context,
  { job, attempt, outputs }: { job: JobRow; attempt: AttemptRow; outputs: IntendedOutput[] },
  now: Instant,
): void {
  const [film] = outputs;
  if (film === undefined) throw new Error(`job ${job.id} is replaced by nothing`);
  const of = { job_id: job.id, attempt: attempt.attempt, source_rel: job.source_rel };
  store.insertOriginal({
    ...of,
    kept_rel: keptRel(of),
    size: attempt.source_size,
    mtime_ns: attempt.source_mtime_ns,
    output_rel: film.output_rel,
    output_key: outputKey(film.output_rel),
    output_size: film.size,
    output_mtime_ns: null,
    state: "moving",
    replaced_ms: now.wall_ms,
    ended_ms: null,
  });
}

/** With the end of the publish. `kept`: the original lies in quarantine; `film`: the result that stands in its place. */
export function endReplacement(
  { store }: Context,
  of: AttemptKey,
  ended: { film: { size: number; mtime_ns: string } | null; kept: boolean },
  now: Instant,
): void {
  const row = store.original(of);
  if (row?.state !== "moving") return;
  const { film, kept } = ended;
  if (film === null && !kept) {
    store.removeOriginal(of);
    return;
  }
  store.saveOriginal({
    ...row,
    output_size: film?.size ?? null,
    output_mtime_ns: film?.mtime_ns ?? null,
    // Without its original, it is still known what the result is.
    state: kept ? "kept" : "purged",
    ended_ms: kept ? null : now.wall_ms,
  });
}

export function listOriginals(
  context: Context,
  { limit, offset }: { limit: number; offset: number },
): { originals: Original[]; films: number; bytes: number } {
  const rows = context.store.listOriginals({ state: "kept" }, { limit, offset });
  return { originals: rows.map((row) => toOriginal(context, row)), ...context.store.keptOriginals() };
}

/** Of one job, the newest first, whatever became of them. */
export function originalsOf(context: Context, job_id: string): Original[] {
  return context.store.originalsOf(job_id).map((row) => toOriginal(context, row));
}

/** What the master has begun and not ended. */
export function openOriginals({ store }: Context): OriginalRow[] {
  const states: OriginalState[] = ["returning", "purging"];
  return states.flatMap((state) => store.listOriginals({ state }, { limit: -1, offset: 0 }));
}

/** A page of those that are due, the oldest first; `older_than_ms` beats the configured time. */
export function dueOriginals(
  { store, settings }: Context,
  of: { older_than_ms: number | undefined; limit: number; offset: number },
  now: Instant,
): OriginalRow[] {
  const keep = of.older_than_ms ?? settings.keep_originals ?? "forever";
  if (keep === "forever") return [];
  return store.listOriginals({ state: "kept", until_ms: now.wall_ms - keep }, of);
}

/**
 * The replaced film that a person means: by its job's id, the beginning of one, its path, or the path of its result.
 * @throws VcError not_found, conflict
 */
export function findOriginal(context: Context, id: string): OriginalRow {
  const rows = rowsOf(context, id);
  const kept = rows.find(({ state }) => state === "kept" || state === "returning");
  if (kept !== undefined) return kept;
  const [newest] = rows;
  if (newest === undefined)
    throw new VcError("not_found", `${id} has not been replaced: there is no original.`);
  const at = newest.ended_ms === null ? "" : ` since ${toTimestamp(newest.ended_ms)}`;
  throw new VcError(
    "conflict",
    `The original of ${newest.source_rel} is not kept any more: ${ENDED[newest.state]}${at}.`,
  );
}

const ENDED: Record<OriginalState, string> = {
  moving: "it is being replaced at this moment",
  kept: "it is kept",
  returning: "it is being put back",
  returned: "it is back in its place",
  purging: "it is being deleted",
  purged: "it is deleted",
};

function rowsOf(context: Context, id: string): OriginalRow[] {
  const root = join(context.settings.root_path, sep);
  const rel = id.startsWith(root) ? id.slice(root.length).replaceAll(sep, "/") : id;
  const behind = context.store.originalsBehind(outputKey(rel)).filter((row) => row.output_rel === rel);
  return behind.length > 0 ? behind : context.store.originalsOf(findJob(context, id).id);
}

/** @throws VcError not_found, conflict */
export function beginUndo(context: Context, id: string): OriginalRow {
  const row = findOriginal(context, id);
  const job = jobOf(context, row);
  const attempt = context.store.attempt({ job_id: job.id, attempt: job.attempt });
  const runs = attempt !== undefined && ["held", "lapsed", "publishing"].includes(standing(job, attempt));
  if (runs)
    throw new VcError(
      "conflict",
      `${row.source_rel} is being converted anew; cancel that first (vc cancel ${job.id}).`,
    );
  const returning: OriginalRow = { ...row, state: "returning" };
  context.store.saveOriginal(returning);
  return returning;
}

/** What lies beside the result that stands in an original's place. */
export function besideResult(context: Context, row: OriginalRow): PublishedFile[] {
  const { published_rel, published_beside } = jobOf(context, row);
  return published_rel === row.output_rel ? published_beside : [];
}

/** The original is back: its job rests until a person wants it. */
export function finishUndo(context: Context, row: OriginalRow, now: Instant): Original {
  const ended: OriginalRow = { ...row, state: "returned", ended_ms: now.wall_ms };
  context.store.saveOriginal(ended);
  const none = { output_size: null, published_rel: null, published_size: null, published_mtime_ns: null };
  const published_beside: JobRow["published_beside"] = [];
  const source = { source_size: row.size, source_mtime_ns: row.mtime_ns };
  const error_message = "A person put the original back.";
  mustMove(context, jobOf(context, row), { type: "undo" }, now, {
    ...none,
    published_beside,
    ...source,
    error_message,
  });
  return toOriginal(context, ended);
}

/** It stays where it is: it could not be put back, or not be deleted. */
export function keepOriginal({ store }: Context, row: OriginalRow): void {
  store.saveOriginal({ ...row, state: "kept" });
}

/** False when it is not there to be deleted any more. */
export function beginPurge({ store }: Context, row: OriginalRow): boolean {
  if (store.original(row)?.state !== "kept") return false;
  store.saveOriginal({ ...row, state: "purging" });
  return true;
}

export function finishPurge({ store }: Context, row: OriginalRow, now: Instant): void {
  store.saveOriginal({ ...row, state: "purged", ended_ms: now.wall_ms });
}

export function toOriginal({ settings }: Context, row: OriginalRow): Original {
  const { root_path, keep_originals = "forever" } = settings;
  const falls_due = row.state === "kept" && row.output_mtime_ns !== null && keep_originals !== "forever";
  return {
    job_id: row.job_id,
    attempt: row.attempt,
    state: row.state,
    source_path: pathBelow(root_path, row.source_rel),
    kept_path: pathBelow(root_path, row.kept_rel),
    size: row.size,
    output_path: pathBelow(root_path, row.output_rel),
    output_size: row.output_size,
    replaced_at: toTimestamp(row.replaced_ms),
    due_at: falls_due ? toTimestamp(row.replaced_ms + keep_originals) : null,
  };
}

function jobOf({ store }: Context, { job_id, source_rel }: OriginalRow): JobRow {
  // A database that was lost and made anew knows the film under another id.
  const job = store.job(job_id) ?? store.jobOfSource(source_rel);
  if (job === undefined) throw new VcError("not_found", `There is no job ${job_id} any more.`);
  return job;
}
