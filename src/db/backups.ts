import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, join } from "node:path";
import { messageOf, systemCode, VcError } from "../shared/errors.ts";
import { syncFolder } from "../shared/platform.ts";
import { faultOf } from "./check.ts";
import { openFile } from "./database.ts";
import { trimLedger } from "./ledger.ts";

/** `at` is RFC 3339, to the second. */
export type Backup = { path: string; at: string };

/** `jobs.db` is backed up as `jobs-20261122T123000Z.db`; `.draft` behind it while it is being written. */
const NAME = /^(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;
const DRAFT = ".draft";

/** The backups of a database in a folder, the newest first. None where there is no folder. */
export function listBackups(of: { path: string; folder: string }): Backup[] {
  const backups = namesIn(of.folder).flatMap((name) => {
    const at = timeOf(name, of.path);
    return at === null ? [] : [{ path: join(of.folder, name), at }];
  });
  return backups.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/**
 * Copies a database that may be in use, as of one moment, into `folder`, checks the copy and makes it durable; then
 * the oldest backups go until `keep` are left. A damaged database is not copied: its backups would push out the good
 * ones. Blocks for as long as it takes; other processes may go on using the database.
 * @throws VcError("damaged") for a damaged database, VcError("storage") when the copy cannot be written
 */
export async function makeBackup(of: {
  path: string;
  folder: string;
  keep: number;
  now: Date;
}): Promise<Backup> {
  const target = join(of.folder, nameFor(of.path, of.now));
  const draft = `${target}${DRAFT}`;
  try {
    mkdirSync(of.folder, { recursive: true });
    removeDrafts(of);
    copyDatabase(of.path, draft);
    await makeDurable(draft, target);
    const backups = listBackups(of);
    for (const { path } of backups.slice(of.keep)) rmSync(path, { force: true });
    trimLedger(of, backups.slice(0, of.keep).at(-1)?.at ?? "");
  } catch (cause) {
    removeDrafts(of);
    if (cause instanceof VcError) throw cause;
    const message = `The database could not be backed up into ${of.folder}: ${messageOf(cause)}. Make room there, or set database.backup_path to another folder.`;
    throw new VcError("storage", message, { cause });
  }
  return { path: target, at: timeOf(basename(target), of.path) ?? of.now.toISOString() };
}

/** Throws VcError("damaged") when either the original or the copy is. */
function copyDatabase(path: string, draft: string): void {
  const original = openFile(path);
  try {
    requireWhole(faultOf(original), path);
    original.run("VACUUM INTO ?", [draft]);
  } finally {
    original.close();
  }
  const copy = openFile(draft);
  try {
    requireWhole(faultOf(copy), draft);
    // Else the copy would be a file with a log beside it.
    copy.run("PRAGMA journal_mode = DELETE");
  } finally {
    copy.close();
  }
}

function requireWhole(fault: string | null, path: string): void {
  if (fault === null) return;
  throw new VcError("damaged", `The database ${path} is damaged (${fault}), so it was not backed up.`);
}

async function makeDurable(draft: string, target: string): Promise<void> {
  const file = openSync(draft, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, target);
  await syncFolder(join(target, ".."));
}

/** What a crash left behind. */
function removeDrafts({ path, folder }: { path: string; folder: string }): void {
  for (const name of namesIn(folder)) {
    const [end] = name.split(DRAFT, 1);
    if (name.includes(DRAFT) && end !== undefined && timeOf(end, path) !== null)
      rmSync(join(folder, name), { force: true });
  }
}

function nameFor(path: string, now: Date): string {
  return `${stem(path)}-${now.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z.db`;
}

/** Null for a file that is no backup of this database. */
function timeOf(name: string, path: string): string | null {
  const match = NAME.exec(name);
  if (match === null || match[1] !== stem(path)) return null;
  const [, , year, month, day, hour, minute, second] = match;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

function stem(path: string): string {
  return basename(path).replace(/\.db$/, "");
}

function namesIn(folder: string): string[] {
  try {
    return statSync(folder).isDirectory() ? readdirSync(folder) : [];
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}
