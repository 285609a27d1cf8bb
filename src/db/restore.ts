import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, VcError } from "../shared/errors.ts";
import { syncFolder } from "../shared/platform.ts";
import { faultOf } from "./check.ts";
import { giveTables, openFile } from "./database.ts";
import { kindOfFile } from "./file.ts";
import { applyLedger, type LedgerEntry, readLedger } from "./ledger.ts";
import { stageOf } from "./migrations.ts";

/** `kept` is the damaged database under its new name, null where there was none. */
export type Restored = {
  kept: string | null;
  films: number;
  /** So many of them were published only after the backup was made. */
  published_since: number;
};

/** 2026-01-01T00:00:00Z. */
const NUMBERS_BEGIN_MS = 1_767_225_600_000;

/**
 * Puts a backup in a database's place. What was there is kept beside it, under a new name. From then on attempts have
 * higher numbers than any that may have been given away since the backup was made: a worker that still runs one of
 * those is refused, whatever its number means now. The caller holds the database's lock.
 * @throws VcError("damaged") for a backup that is not whole, VcError("storage") when files cannot be written
 */
export async function restoreBackup(of: {
  path: string;
  backup: string;
  /** The folder of backups, with the ledger of what was published since. */
  folder: string;
  now: Date;
}): Promise<Restored> {
  const draft = `${of.path}.restoring`;
  try {
    removeDraft(draft);
    copyFileSync(of.backup, draft);
    const found = prepare(draft, readLedger(of), of.now);
    sync(draft);
    const kept = keepDamaged(of.path, of.now);
    renameSync(draft, of.path);
    await syncFolder(dirname(of.path));
    return { kept, ...found };
  } catch (cause) {
    removeDraft(draft);
    if (cause instanceof VcError) throw cause.code === "damaged" ? refused(of.backup, cause.message) : cause;
    const message = `${of.backup} could not be restored to ${of.path}: ${messageOf(cause)}. Run it again once that is repaired.`;
    throw new VcError("storage", message, { cause });
  }
}

/** Checks the copy, and writes into it what must hold after a restore. Throws VcError("damaged"). */
function prepare(draft: string, published: LedgerEntry[], now: Date): Omit<Restored, "kept"> {
  if (kindOfFile(draft) !== "database") throw new VcError("damaged", "it is no database of vc");
  const sqlite = openFile(draft);
  try {
    const fault = faultOf(sqlite);
    if (fault !== null) throw new VcError("damaged", fault);
    const stage = stageOf(sqlite);
    if (stage === "newer") throw new VcError("damaged", "it was made by a newer version of vc");
    if (stage !== "same" && stage !== "older") throw new VcError("damaged", "it is no whole database of vc");
    const set = sqlite.query<unknown, { key: string; value: string }>(
      "insert into meta (key, value) values ($key, $value) on conflict do update set value = excluded.value",
    );
    // What was published since may need tables that the backup does not have yet.
    if (stage === "older") giveTables(sqlite);
    // Another id, so that the count of changes beside the old database says nothing about this one.
    set.run({ key: "database_id", value: crypto.randomUUID() });
    set.run({ key: "commits", value: "1" });
    set.run({ key: "attempt_floor", value: String(nextFloor(newestAttempt(sqlite), now)) });
    set.run({ key: "restored_at", value: now.toISOString() });
    const published_since = applyLedger(sqlite, published);
    const films = sqlite.query<{ n: number }, []>("select count(*) as n from jobs").get()?.n ?? 0;
    sqlite.run("PRAGMA journal_mode = DELETE");
    return { films, published_since };
  } finally {
    sqlite.close();
  }
}

/**
 * The seconds since 2026: two restores of one backup get numbers further apart than any job can use up in between,
 * without having to remember anything that may be lost.
 */
export function nextFloor(newest: number, now: Date): number {
  return Math.max(newest + 1000, Math.floor((now.getTime() - NUMBERS_BEGIN_MS) / 1000));
}

function newestAttempt(sqlite: ReturnType<typeof openFile>): number {
  return sqlite.query<{ n: number | null }, []>("select max(attempt) as n from jobs").get()?.n ?? 0;
}

/** With its log: a person may want to look into it. */
function keepDamaged(path: string, now: Date): string | null {
  if (!existsSync(path)) return null;
  const stamp = now.toISOString().slice(0, 19).replace(/[-:]/g, "");
  const kept = `${path}.damaged-${stamp}Z`;
  if (existsSync(kept))
    throw new VcError("storage", `${kept} exists already; wait a second and run it again.`);
  for (const end of ["-wal", "-shm", ""]) {
    if (existsSync(path + end)) renameSync(path + end, kept + end);
  }
  return kept;
}

function sync(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function removeDraft(draft: string): void {
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(draft + end, { force: true });
}

function refused(backup: string, why: string): VcError {
  return new VcError(
    "damaged",
    `${backup} was not restored: ${why.replace(/\.$/, "")}. Nothing was changed; choose another one.`,
  );
}
