import { join, sep } from "node:path";
import type { KnownSource } from "../../db/sources.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import type { Context } from "./context.ts";
import { standing } from "./lifecycle.ts";
import { move } from "./moves.ts";
import { outputPath, sourcePath } from "./naming.ts";
import { outputKey, outputNames } from "./output-names.ts";

export type FoundSource = {
  source_rel: string;
  size: number;
  mtime_ns: string;
  /** The last change of anything about the file, its permissions too, in Unix milliseconds; absent where unknown. */
  changed_ms?: number;
};

const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's base32
/** An id has 10 letters; those of one batch begin with the same 2. */
const BATCH_LETTERS = 2;
const HALF_LETTERS = 4;

/** Takes in what a scan found. New sources become jobs; those that changed are converted again. */
export function addSources(
  context: Context,
  batch: FoundSource[],
  now: Instant,
): { added: number; changed: number; unchanged: number } {
  const known = context.store.knownSources(batch.map((source) => source.source_rel));
  const result = { added: 0, changed: 0, unchanged: 0 };
  const fresh: Batch = {
    id_start: letters(context.random(), BATCH_LETTERS),
    created_at: toTimestamp(now.wall_ms),
    updated_ms: now.wall_ms,
  };
  let source_bytes = 0;
  for (const source of batch) {
    const job = known.get(source.source_rel);
    if (job === undefined) {
      known.set(source.source_rel, insert(context, source, fresh));
      result.added++;
      source_bytes += source.size;
    } else if (differs(job, source)) {
      refresh(context, job, source, now);
      result.changed++;
    } else {
      result.unchanged++;
    }
  }
  context.store.countNewSources({ jobs: result.added, source_bytes });
  if (result.added > 0) context.emit(() => ({ type: "queued" }));
  return result;
}

/**
 * What the new jobs of a batch have in common. Ids that begin alike lie together in their index: a batch with ids
 * all over it would write almost every page of the index anew, and take twice as long.
 */
type Batch = { id_start: string; created_at: string; updated_ms: number };

function differs(job: KnownSource, source: FoundSource): boolean {
  const returned = job.status === "skipped" && job.reason === "source_missing";
  return (
    returned ||
    repaired(job, source) ||
    job.source_size !== source.size ||
    job.source_mtime_ns !== source.mtime_ns
  );
}

/** The worker could not use the file, and something about it (its permissions, its owner) has changed since. */
function repaired({ status, reason, completed_at }: KnownSource, { changed_ms = 0 }: FoundSource): boolean {
  return status === "failed" && reason === "worker_error" && changed_ms > Date.parse(completed_at ?? "");
}

/** One insert where no name is taken, which is the rule; only a refused one asks why. */
function insert(context: Context, source: FoundSource, batch: Batch): KnownSource {
  const { store, settings } = context;
  const { source_rel } = source;
  const { id_start, created_at, updated_ms } = batch;
  const fixed = {
    source_path: sourcePath(settings, source_rel),
    source_rel,
    max_retries: settings.max_retries,
    created_at,
    updated_ms,
    source_size: source.size,
    source_mtime_ns: source.mtime_ns,
  };
  for (const output_rel of outputNames(source_rel, settings.conversion.container)) {
    const output_key = outputKey(output_rel);
    const output_path = outputPath(settings, output_rel);
    do {
      const row = { ...fixed, id: id_start + idEnd(context.random), output_rel, output_key, output_path };
      if (store.insertSource(row)) return { ...row, status: "pending", reason: null, completed_at: null };
    } while (store.ownerOfOutput(output_key) === undefined);
  }
  throw new Error("names never run out");
}

/** A job that runs, or that a person cancelled, is only told of it: the end of the attempt, or a retry, will see. */
function refresh(context: Context, known: KnownSource, source: FoundSource, now: Instant): void {
  const { store } = context;
  const job = store.job(known.id);
  if (job === undefined) throw new Error(`job ${known.id} vanished within a transaction`);
  const attempt = store.attempt({ job_id: job.id, attempt: job.attempt });
  if (attempt !== undefined && standing(job, attempt) === "lapsed") {
    store.saveAttempt({ ...attempt, reason: "source_changed" });
  }
  const changed = { source_size: source.size, source_mtime_ns: source.mtime_ns };
  const moved = move(context, job, { type: "source_changed" }, now, { ...changed, source_duration: null });
  if ("refused" in moved) store.saveJob({ ...job, ...changed });
}

/** 40 bits; two calls of `random` hold them with room to spare. */
function idEnd(random: () => number): string {
  return letters(random(), HALF_LETTERS) + letters(random(), HALF_LETTERS);
}

function letters(random: number, count: number): string {
  let rest = Math.floor(random * 32 ** count);
  let text = "";
  for (let n = 0; n < count; n++, rest = Math.floor(rest / 32)) text += ID_ALPHABET[rest % 32];
  return text;
}

/** Some sources that are still to be converted, for proving that a worker sees the same files. */
export function sampleSources({ store }: Context, limit: number) {
  const pending = store.sampleSources("pending", limit);
  return pending.length < limit
    ? [...pending, ...store.sampleSources("processing", limit - pending.length)]
    : pending;
}

/** Absolute paths are stored for people's tools; after a root was moved they are written anew. */
export function followRoots({ store, settings }: Context): void {
  const roots = JSON.stringify([settings.root_path, settings.output_base]);
  const before = store.fact("roots");
  if (before === roots) return;
  if (before !== undefined)
    store.relocate(join(settings.root_path, sep), join(settings.output_base, sep), sep);
  store.setFact("roots", roots);
}
