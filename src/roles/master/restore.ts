import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { type Backup, listBackups } from "../../db/backups.ts";
import { acquireLock } from "../../db/lock.ts";
import { type Restored, restoreBackup } from "../../db/restore.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { VcError } from "../../shared/errors.ts";
import { backupPlace } from "./backup.ts";

type DatabaseConfig = MasterConfig["database"];

/** The backups of a master's database, the newest first, and where they lie. */
export function findBackups(database: DatabaseConfig): { folder: string; backups: Backup[] } {
  const { folder } = backupPlace(database);
  return { folder, backups: listBackups({ path: database.path, folder }) };
}

/**
 * Restores a backup while no master runs. `which` is its path or its name in the folder of backups; null is the newest.
 * @throws VcError "locked" (a master runs), "failed" (no such backup), and what restoreBackup throws
 */
export async function restore(
  database: DatabaseConfig,
  which: string | null,
): Promise<Restored & { backup: string }> {
  const { path } = database;
  const { folder } = backupPlace(database);
  const backup = choose(database, which);
  const lock = acquireLock(`${path}.lock`, `vc restore with process id ${process.pid} on ${hostname()}`);
  try {
    return { ...(await restoreBackup({ path, backup, folder, now: new Date() })), backup };
  } finally {
    lock.release();
  }
}

function choose(database: DatabaseConfig, which: string | null): string {
  const { folder, backups } = findBackups(database);
  if (which === null) {
    const [newest] = backups;
    if (newest !== undefined) return newest.path;
    throw new VcError("failed", `There is no backup of ${database.path} in ${folder}.`);
  }
  const found = [which, join(folder, basename(which))].find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new VcError(
    "failed",
    `There is no backup ${which}, neither here nor in ${folder}; \`vc restore\` lists them.`,
  );
}
