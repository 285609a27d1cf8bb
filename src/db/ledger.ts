import type { Database as Sqlite } from "bun:sqlite";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { basename, join } from "node:path";
import * as v from "valibot";
import { systemCode } from "../shared/errors.ts";
import { syncFolder } from "../shared/platform.ts";

/**
 * What was published since the backups were made, beside them: a line a film, a file a day. A restored database takes
 * it over, else vc would convert those films again and then refuse to replace files that it does not know as its own.
 */
export const LedgerEntry = v.object({
  at_ms: v.number(),
  job_id: v.string(),
  attempt: v.number(),
  source_rel: v.string(),
  /** The source of which it was made. */
  source_size: v.number(),
  source_mtime_ns: v.string(),
  output_rel: v.string(),
  output_key: v.string(),
  size: v.number(),
  mtime_ns: v.string(),
  /** Where the source lies since, below root_path, if the film took its place. */
  kept_rel: v.optional(v.string()),
  /** Files that were published with it. */
  beside: v.optional(v.array(v.object({ output_rel: v.string(), size: v.number(), mtime_ns: v.string() }))),
});
export type LedgerEntry = v.InferOutput<typeof LedgerEntry>;

type Place = { path: string; folder: string };

/** Notes films of one day; resolves once the disk has it. The same may be noted again. Throws the system's errors. */
export async function recordPublished(place: Place, entries: [LedgerEntry, ...LedgerEntry[]]): Promise<void> {
  await mkdir(place.folder, { recursive: true });
  const day = dayOf(new Date(entries[0].at_ms).toISOString());
  const path = join(place.folder, `${prefix(place)}${day}.jsonl`);
  const file = await open(path, "a", 0o644);
  try {
    const isNew = (await file.stat()).size === 0;
    // It begins with a line's end, because a crash may have left half a line before it.
    await file.appendFile(entries.map((entry) => `\n${JSON.stringify(entry)}\n`).join(""));
    await file.datasync();
    if (isNew) await syncFolder(place.folder);
  } finally {
    await file.close();
  }
}

/** All that is noted, the oldest first; half lines are left out. */
export function readLedger(place: Place): LedgerEntry[] {
  return filesOf(place).flatMap(({ name }) =>
    readFileSync(join(place.folder, name), "utf8").split("\n").flatMap(parseLine),
  );
}

/** Deletes what every backup knows, if `oldest` (RFC 3339) is the time of the oldest one. */
export function trimLedger(place: Place, oldest: string): void {
  for (const { name, day } of filesOf(place)) {
    if (day < dayOf(oldest)) rmSync(join(place.folder, name), { force: true });
  }
}

/** Completes in a database what was published after its newest knowledge. Returns how many films that were. */
export function applyLedger(sqlite: Sqlite, entries: LedgerEntry[]): number {
  const insert = sqlite.query<unknown, Film>(INSERT);
  const replace = sqlite.query<unknown, Film & { kept_rel: string }>(REPLACE);
  const count = sqlite.query<unknown, { size: number }>(
    "update job_counts set jobs = jobs + 1, source_bytes = source_bytes + $size where status = 'pending' and reason = ''",
  );
  const complete = sqlite.query<unknown, Omit<Film, "job_id" | "attempt"> & { at: string; beside: string }>(
    COMPLETE,
  );
  let films = 0;
  sqlite.transaction(() => {
    for (const { kept_rel, beside, ...entry } of entries) {
      if (kept_rel !== undefined) replace.run({ ...entry, kept_rel });
      if (insert.run(entry).changes > 0) count.run({ size: entry.source_size });
      const { job_id: _, attempt: __, ...facts } = entry;
      const done = complete.run({
        ...facts,
        ...{ at: new Date(entry.at_ms).toISOString(), beside: JSON.stringify(beside ?? []) },
      });
      films += done.changes > 0 ? 1 : 0;
    }
    // The master writes absolute paths anew when the roots are others than noted.
    if (films > 0) sqlite.run("update meta set value = '' where key = 'roots'");
  })();
  return films;
}

type Film = Omit<LedgerEntry, "kept_rel" | "beside">;

/** That an original was put back since, or deleted, shows where it should lie. */
const REPLACE = `insert into originals (job_id, attempt, source_rel, kept_rel, size, mtime_ns, output_rel, output_key,
    output_size, output_mtime_ns, state, replaced_ms)
  values ($job_id, $attempt, $source_rel, $kept_rel, $source_size, $source_mtime_ns, $output_rel, $output_key,
    $size, $mtime_ns, 'kept', $at_ms)
  on conflict do update set state = 'kept', output_size = excluded.output_size,
    output_mtime_ns = excluded.output_mtime_ns where state = 'moving'`;

/** Unused parameters are an error: each statement names all that it is given. */
const INSERT = `insert into jobs (id, source_path, output_path, source_rel, output_rel, output_key, status, attempt,
    max_retries, created_at, updated_ms, source_size, source_mtime_ns)
  select $job_id, '', '', $source_rel, $output_rel, $output_key, 'pending', $attempt, 3,
    strftime('%Y-%m-%dT%H:%M:%fZ', $at_ms / 1000.0, 'unixepoch'), $at_ms, $source_size, $source_mtime_ns
  where $size >= 0 and $mtime_ns <> ''
    and not exists (select 1 from jobs where source_rel = $source_rel and parent_id is null)
  on conflict do nothing`;

/** Only where the database knows nothing newer of the film. */
const COMPLETE = `update or ignore jobs set status = 'completed', reason = null, error_message = null, not_before_ms = 0,
    output_rel = $output_rel, output_key = $output_key, completed_at = $at, updated_ms = $at_ms,
    source_size = $source_size, source_mtime_ns = $source_mtime_ns, output_size = $size,
    published_rel = $output_rel, published_size = $size, published_mtime_ns = $mtime_ns,
    published_beside = $beside
  where source_rel = $source_rel and parent_id is null and updated_ms <= $at_ms and not (status = 'completed'
    and published_size is $size and published_mtime_ns is $mtime_ns)`;

function parseLine(line: string): LedgerEntry[] {
  if (line === "") return [];
  try {
    return [v.parse(LedgerEntry, JSON.parse(line))];
  } catch {
    return [];
  }
}

function filesOf(place: Place): { name: string; day: string }[] {
  const begin = prefix(place);
  return namesIn(place.folder)
    .filter((name) => name.startsWith(begin) && /^\d{8}\.jsonl$/.test(name.slice(begin.length)))
    .map((name) => ({ name, day: name.slice(begin.length, begin.length + 8) }))
    .sort((a, b) => (a.day < b.day ? -1 : 1));
}

function prefix({ path }: Place): string {
  return `${basename(path).replace(/\.db$/, "")}-published-`;
}

function dayOf(timestamp: string): string {
  return timestamp.slice(0, 10).replaceAll("-", "");
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}
