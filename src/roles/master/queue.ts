import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Committer, createCommitter } from "../../db/commit.ts";
import { createGathering } from "../../db/gathering.ts";
import { acquireLock } from "../../db/lock.ts";
import { isLarge, openChecked } from "../../db/open-checked.ts";
import { createStore } from "../../db/store.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { messageOf, VcError } from "../../shared/errors.ts";
import { backupPlace } from "./backup.ts";
import { type Coordinator, createCoordinator } from "./coordinator.ts";

/** "Offline after two missed minutes". */
const OFFLINE_AFTER_MS = 120_000;

/** `recounted`: its totals were not those of its jobs, and are now. */
export type Queue = { committer: Committer; coordinator: Coordinator; recounted: boolean; close(): void };

/**
 * Locks, checks and opens the database, and sets the coordinator on it. `onWait` is called when the check of a large
 * database begins, which takes a while. Throws VcError "locked", and what openChecked throws.
 */
export async function openQueue(config: MasterConfig, owner: string, onWait: () => void): Promise<Queue> {
  const { path } = config.database;
  makeFolder(dirname(path));
  const lock = acquireLock(`${path}.lock`, owner);
  try {
    if (isLarge(path)) onWait();
    const database = await openChecked(path, backupPlace(config.database));
    const committer = createCommitter(database, createGathering());
    const coordinator = createCoordinator({
      store: createStore(database),
      committer,
      settings: settingsOf(config),
      random: Math.random,
    });
    const close = () => {
      committer.close();
      database.close();
      lock.release();
    };
    return { committer, coordinator, recounted: database.recounted, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function settingsOf({ scanner, storage, conversion, rules, queue }: MasterConfig) {
  return {
    root_path: scanner.root_path,
    output_base: scanner.output_base,
    conversion,
    rules,
    replace: storage.replace,
    keep_originals: storage.keep_originals,
    lease_ms: queue.lease,
    max_retries: queue.max_retries,
    max_lost: queue.max_lost,
    retry_delay_ms: queue.retry_delay,
    retry_delay_max_ms: queue.retry_delay_max,
    offline_after_ms: OFFLINE_AFTER_MS,
    quarantine_ms: queue.quarantine,
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new VcError("storage", `cannot make the database's folder ${path}: ${messageOf(cause)}`, { cause });
  }
}
