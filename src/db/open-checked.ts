import type { Database as Sqlite } from "bun:sqlite";
import { statSync } from "node:fs";
import { VcError } from "../shared/errors.ts";
import { type Backup, listBackups } from "./backups.ts";
import { backUpInChild, check, checkInChild } from "./child.ts";
import { bringUp, type Database, openFile } from "./database.ts";
import { kindOfFile } from "./file.ts";
import { stageOf } from "./migrations.ts";
import { recount } from "./recount.ts";
import { countBeside, countIn, lostCommits, witnessPath } from "./witness.ts";

/** What a larger database holds takes too long to check while callers wait: a child process does it. */
const SMALL_BYTES = 8 * 1024 ** 2;

/** Where backups lie, and how many of them; `keep` 0: none are made. */
export type BackupPlace = { folder: string; keep: number };

/**
 * Opens a master's database after making sure that it is vc's own, whole, and not older than it was; before its
 * tables are changed for a new version, a backup is made. Nothing is written to a database that is refused.
 * Totals that are not those of the jobs are counted anew (`recounted`). The caller holds the lock.
 * @throws VcError("damaged") with what is wrong, the newest backup and how to restore it; "config" for another
 * program's file and for one of a newer vc; "storage" when it cannot be read or written
 */
export async function openChecked(
  path: string,
  backups: BackupPlace,
  signal?: AbortSignal,
): Promise<Database & { recounted: boolean }> {
  requireOurs(path, backups);
  const sqlite = openOrRefuse(path, backups);
  try {
    // This connection stays open meanwhile: the child's must not be the last one, which would tidy up when it closes.
    const { fault, miscounted } = isLarge(path) ? await checkInChild(path, signal) : check(sqlite);
    if (fault !== null) throw damaged(path, backups, `is damaged (SQLite says: ${fault})`);
    const stage = stageOf(sqlite);
    if (stage === "foreign") throw foreign(path);
    if (stage === "newer") throw newer(path);
    requireNewest(sqlite, path, backups);
    if (stage === "damaged") throw damaged(path, backups, "is damaged: its tables are not as vc made them");
    if (stage === "older" && backups.keep > 0) {
      await backUpInChild({ ...backups, path, now: new Date() }, signal);
    }
    const database = bringUp(sqlite, { path });
    if (miscounted) recount(sqlite);
    return { ...database, recounted: miscounted };
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/** Whether its check takes so long that callers should be told meanwhile. */
export function isLarge(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > SMALL_BYTES;
}

function requireOurs(path: string, backups: BackupPlace): void {
  const kind = kindOfFile(path);
  if (kind === "foreign") throw foreign(path);
  if (kind === "unknown") {
    throw damaged(
      path,
      backups,
      "is no SQLite database: its beginning is damaged, or it is another kind of file",
    );
  }
  const { commits = 0 } = countBeside(path) ?? {};
  if (kind === "database" || commits === 0) return;
  throw damaged(path, backups, `is ${kind}, although it was in use before (${witnessPath(path)} tells)`);
}

function openOrRefuse(path: string, backups: BackupPlace): Sqlite {
  try {
    return openFile(path);
  } catch (error) {
    if (!(error instanceof VcError) || error.code !== "damaged") throw error;
    throw damaged(path, backups, "is damaged: SQLite cannot open it");
  }
}

function requireNewest(sqlite: Sqlite, path: string, backups: BackupPlace): void {
  const lost = lostCommits(countIn(sqlite), countBeside(path));
  if (lost === 0) return;
  const changes = lost === 1 ? "the last change" : `the last ${lost} changes`;
  throw damaged(
    path,
    backups,
    `lacks ${changes} made to it: its log (${path}-wal) was deleted or damaged, or an older copy was put in its place. If you have the log, put it back`,
  );
}

function foreign(path: string): VcError {
  const message = `database.path ${path} is the database of another program; nothing was changed in it. Name another file: vc makes its own.`;
  return new VcError("config", message);
}

function newer(path: string): VcError {
  const message = `The database ${path} was last used by a newer version of vc, whose tables this one does not know. Install that version again, or restore a backup from before: \`vc restore\` lists them.`;
  return new VcError("config", message);
}

function damaged(path: string, { folder }: BackupPlace, what: string): VcError {
  const [newest] = listBackups({ path, folder });
  return new VcError("damaged", `The database ${path} ${what}. ${advice(path, newest, folder)}`);
}

function advice(path: string, newest: Backup | undefined, folder: string): string {
  if (newest === undefined) {
    return `There is no backup in ${folder}. No film is harmed: to begin with an empty queue, move the file and ${witnessPath(path)} away.`;
  }
  return `The newest backup is of ${newest.at} (${newest.path}): restore it with \`vc restore --newest\` and the master's --config; the damaged file is kept.`;
}
