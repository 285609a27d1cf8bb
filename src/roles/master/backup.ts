import { mkdir, stat, statfs } from "node:fs/promises";
import { listBackups } from "../../db/backups.ts";
import { backUpInChild } from "../../db/child.ts";
import type { BackupPlace } from "../../db/open-checked.ts";
import { countBeside } from "../../db/witness.ts";
import type { Clock } from "../../shared/clock.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { startDuty } from "./duties.ts";
import type { Problems } from "./problems.ts";

type DatabaseConfig = MasterConfig["database"];

const LOOK_MS = 60_000;
/** A database without any backup gets its first one so long after the start, or after an interval if that is shorter. */
const FIRST_MS = 300_000;
/** What must stay free for the queue itself, where both lie on one disk. */
const SPARE_BYTES = 128 * 1024 ** 2;

/** Where the backups of a database lie. */
export function backupPlace({ path, ...of }: DatabaseConfig): BackupPlace {
  return {
    folder: of.backup_path ?? `${path}.backups`,
    keep: of.backup_interval === 0 ? 0 : of.backup_keep,
  };
}

/**
 * Backs up the database at its interval, in a child process, so that claims go on meanwhile; an unchanged one only
 * once. What goes wrong is a problem that people see until a backup goes well, and stops nothing.
 */
export function startBackups(of: {
  database: DatabaseConfig;
  problems: Problems;
  log: Logger;
  clock: Clock;
}): { stop(): void } {
  const { backup_interval: interval_ms } = of.database;
  if (interval_ms === 0) return { stop() {} };
  const stopping = new AbortController();
  const isDue = createDue(of);
  let backed_commits: number | null = null;
  const round = async () => {
    const commits = countBeside(of.database.path)?.commits ?? null;
    if (!isDue() || (commits !== null && commits === backed_commits)) return;
    if (await backUp(of, stopping.signal)) backed_commits = commits;
  };
  const duty = startDuty(Math.min(LOOK_MS, interval_ms), round);
  return {
    stop() {
      duty.stop();
      stopping.abort();
    },
  };
}

/** By the newest backup's own time, so that restarts of the master change nothing. */
function createDue({ database, clock }: { database: DatabaseConfig; clock: Clock }): () => boolean {
  const { path, backup_interval: interval_ms } = database;
  const { folder } = backupPlace(database);
  const first_ms = clock.now().monotonic_ms + Math.min(interval_ms, FIRST_MS);
  return () => {
    const now = clock.now();
    const [newest] = listBackups({ path, folder });
    if (newest === undefined) return now.monotonic_ms >= first_ms;
    // A clock that was set back must not put the next one off for years.
    return Math.abs(now.wall_ms - Date.parse(newest.at)) >= interval_ms;
  };
}

/** Whether it went well. */
async function backUp(
  of: { database: DatabaseConfig; problems: Problems; log: Logger; clock: Clock },
  signal: AbortSignal,
): Promise<boolean> {
  const { path } = of.database;
  const place = backupPlace(of.database);
  try {
    await requireRoom(path, place.folder);
    const backup = await backUpInChild({ ...place, path, now: new Date(of.clock.now().wall_ms) }, signal);
    of.problems.clear("backup");
    of.log.info("the database was backed up", { path: backup.path });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    if (!(error instanceof VcError)) throw error;
    const isDamaged = error.code === "damaged";
    const advice = isDamaged ? " Stop the master, then `vc restore` lists the backups." : "";
    of.problems.set("backup", error.message + advice, isDamaged ? "stops" : "remark");
    return false;
  }
}

async function requireRoom(path: string, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    const { size } = await stat(path);
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize >= size + SPARE_BYTES) return;
  } catch (cause) {
    if (systemCode(cause) === undefined) throw cause;
    const message = `The database is not backed up: ${folder} cannot be used: ${messageOf(cause)}.`;
    throw new VcError("storage", message, { cause });
  }
  throw new VcError(
    "storage",
    `The database is not backed up: the disk of ${folder} is nearly full. Make room there, or set database.backup_path to another disk.`,
  );
}
