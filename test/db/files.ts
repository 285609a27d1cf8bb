import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Committer, createCommitter } from "../../src/db/commit.ts";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { createStore, type Store } from "../../src/db/store.ts";

/** Runs `use` with a fresh folder and a database's path in it. */
export async function withDatabasePath(
  use: (path: string, folder: string) => void | Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vc-db-"));
  try {
    await use(join(folder, "jobs.db"), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export type Filled = { database: Database; store: Store; committer: Committer };

/** A database with so many films, each added in a commit of its own; every third is held by an attempt. */
export function fill(path: string, films: number): Filled {
  const database = openDatabase({ path });
  const store = createStore(database);
  const committer = createCommitter(database);
  const at = "2026-11-22T12:00:00.000Z";
  for (let n = 0; n < films; n++) {
    const rel = `a series/episode ${n}.mkv`;
    const source = { source_size: 1000 + n, source_mtime_ns: "1700000000000000000" };
    committer.runNow(() => {
      const id = `job${String(n).padStart(7, "0")}`;
      const output_rel = `a series/episode ${n}.mp4`;
      store.insertSource({
        ...source,
        id,
        source_path: `/films/${rel}`,
        output_path: `/converted/${output_rel}`,
        source_rel: rel,
        output_rel,
        output_key: output_rel,
        max_retries: 3,
        created_at: at,
        updated_ms: 1_795_000_000_000 + n,
      });
      store.countNewSources({ jobs: 1, source_bytes: source.source_size });
      if (n % 3 === 0) hold(store, id, at);
    });
  }
  return { database, store, committer };
}

function hold(store: Store, id: string, started_at: string): void {
  const job = store.job(id);
  if (job === undefined) throw new Error(`${id} was not inserted`);
  store.saveJob({ ...job, status: "processing", worker_id: "w1", attempt: 1, started_at });
  store.insertAttempt({
    job_id: id,
    attempt: 1,
    worker_id: "w1",
    claim_id: `claim-${id}`,
    protocol: 2,
    source_size: job.source_size,
    source_mtime_ns: job.source_mtime_ns,
    extension: "mp4",
    started_at,
    ended_at: null,
    outcome: null,
    reason: null,
    message: null,
    output_size: null,
    report: { notes: ["a note"] },
    outputs: null,
    ended_by: null,
    answer: null,
  });
}

/** What a process that was killed leaves behind, under another name: the files as they are now. */
export function copyAsKilled(from: string, to: string): void {
  for (const end of ["", "-wal", ".commits"]) {
    rmSync(to + end, { force: true });
    if (existsSync(from + end)) copyFileSync(from + end, to + end);
  }
  rmSync(`${to}-shm`, { force: true });
}
