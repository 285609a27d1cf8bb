import { join, sep } from "node:path";
import type { JobRow } from "../../db/schema.ts";
import type { KnownSource } from "../../db/sources.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import type { Reason } from "../../shared/job.ts";
import type { Context } from "./context.ts";
import { standing } from "./lifecycle.ts";
import { move } from "./moves.ts";
import { outputPath, sourcePath } from "./naming.ts";
import { outputKey } from "./output-names.ts";
import { namesFor, refuseToReplace, resultsAmong } from "./places.ts";
import { leaveAlone, type Refused, type Ruling, ruleOn, wantAgain } from "./ruling.ts";

export type FoundSource = {
  source_rel: string;
  size: number;
  mtime_ns: string;
  /** The last change of anything about the file, its permissions too, in Unix milliseconds; absent where unknown. */
  changed_ms?: number;
  /** Why it could not be replaced, where that is asked for; null: it can. */
  obstacle?: Refused;
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
): { added: number; changed: number; unchanged: number; skipped: number } {
  const known = context.store.knownSources(batch.map((source) => source.source_rel));
  const result = { added: 0, changed: 0, unchanged: 0, skipped: 0 };
  const fresh: Batch = {
    id_start: letters(context.random(), BATCH_LETTERS),
    created_at: toTimestamp(now.wall_ms),
    updated_ms: now.wall_ms,
  };
  const sums = createSums();
  const results = resultsAmong(context, batch);
  for (const source of batch) {
    const job = known.get(source.source_rel);
    if (results.stands(source)) {
      result.unchanged++;
      continue;
    }
    const refused = context.wishes.refuse(source) ?? refuseToReplace(context, source, job?.id);
    if (job === undefined) {
      known.set(source.source_rel, insert(context, source, fresh, refused));
      sums.add(refused?.reason ?? null, source.size);
      result.added++;
      if (refused !== null) result.skipped++;
    } else {
      const changed = differs(job, source);
      const current = changed ? refresh(context, job, source, now) : job;
      result[changed ? "changed" : "unchanged"]++;
      if (applyRules(context, current, { source, refused }, now) === "skip") result.skipped++;
    }
  }
  sums.told((reason, added) => context.store.countNewSources(added, reason));
  if (result.added > 0) context.emit(() => ({ type: "queued" }));
  return result;
}

/** New films by the reason for which they are left alone; null: they are queued. */
function createSums() {
  const sums = new Map<Reason | null, { jobs: number; source_bytes: number }>();
  return {
    add(reason: Reason | null, size: number) {
      const before = sums.get(reason) ?? { jobs: 0, source_bytes: 0 };
      sums.set(reason, { jobs: before.jobs + 1, source_bytes: before.source_bytes + size });
    },
    told(tell: (reason: Reason | null, added: { jobs: number; source_bytes: number }) => void) {
      for (const [reason, added] of sums) tell(reason, added);
    },
  };
}

/** What other rules than before, or a changed size, mean for a film that is known. */
function applyRules(
  context: Context,
  known: KnownSource,
  { source, refused }: { source: FoundSource; refused: Refused },
  now: Instant,
): Ruling {
  const ruling = ruleOn(known, refused, () => context.wishes.of(source.source_rel).key);
  if (ruling === "leave") return ruling;
  const job = context.store.job(known.id);
  if (job === undefined) throw new Error(`job ${known.id} vanished within a transaction`);
  if (ruling === "queue") wantAgain(context, job, now);
  else if (leaveAlone(context, job, now, refused) === null) return "leave";
  return ruling;
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
  const unusable = reason === "worker_error" || reason === "source_unreadable";
  return status === "failed" && unusable && changed_ms > Date.parse(completed_at ?? "");
}

/** One insert where no name is taken, which is the rule; only a refused one asks why. */
function insert(context: Context, source: FoundSource, batch: Batch, refused: Refused): KnownSource {
  const { store, settings } = context;
  const left_alone = refused && {
    ...{ reason: refused.reason, error_message: refused.message, completed_at: batch.created_at },
  };
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
  const { container } = context.wishes.of(source_rel).conversion;
  for (const output_rel of namesFor(context, { source_rel, container, refused })) {
    const output_key = outputKey(output_rel);
    const output_path = outputPath(settings, output_rel);
    do {
      const row = { ...fixed, id: id_start + idEnd(context.random), output_rel, output_key, output_path };
      const inserted =
        left_alone === null ? store.insertSource(row) : store.insertSkipped({ ...row, ...left_alone });
      if (inserted)
        return { ...row, ...QUEUED, ...left_alone, status: left_alone === null ? "pending" : "skipped" };
    } while (store.ownerOfOutput(output_key) === undefined);
  }
  throw new Error("names never run out");
}

const QUEUED: Decided = {
  ...{ status: "pending", reason: null, error_message: null, wish_key: null, completed_at: null },
};
type Decided = Pick<KnownSource, "status" | "reason" | "error_message" | "wish_key" | "completed_at">;

/** A job that runs, or that a person cancelled, is only told of it: the end of the attempt, or a retry, will see. */
function refresh(context: Context, known: KnownSource, source: FoundSource, now: Instant): JobRow {
  const { store } = context;
  const job = store.job(known.id);
  if (job === undefined) throw new Error(`job ${known.id} vanished within a transaction`);
  const attempt = store.attempt({ job_id: job.id, attempt: job.attempt });
  if (attempt !== undefined && standing(job, attempt) === "lapsed") {
    store.saveAttempt({ ...attempt, reason: "source_changed" });
  }
  const changed = { source_size: source.size, source_mtime_ns: source.mtime_ns };
  const moved = move(context, job, { type: "source_changed" }, now, { ...changed, source_duration: null });
  if (!("refused" in moved)) return moved;
  const told = { ...job, ...changed };
  store.saveJob(told);
  return told;
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
  const left = limit - pending.length;
  const waiting = left > 0 ? [...pending, ...store.sampleSources("processing", left)] : pending;
  return { waiting, done: store.sampleSources("completed", limit) };
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
