import { Database } from "bun:sqlite";
import { readFileSync, writeFileSync } from "node:fs";
import { messageOf, systemCode, VcError } from "../shared/errors.ts";

export type Lock = { release(): void };

/**
 * Holds an exclusive lock for as long as this process lives: the transaction of a small SQLite file at `path`,
 * whose operating-system lock dies with the process, on every system. `owner` says for people who holds it.
 * @throws VcError("locked") naming the owner; VcError("storage") where the file system cannot lock.
 */
export function acquireLock(path: string, owner: string): Lock {
  let sqlite: Database | undefined;
  try {
    sqlite = new Database(path, { create: true });
    // A journal in memory leaves no file behind that the next owner would have to recover.
    sqlite.run("PRAGMA journal_mode = MEMORY");
    sqlite.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    sqlite?.close();
    throw refusal(path, cause);
  }
  const held = sqlite;
  writeOwner(path, owner);
  return {
    release() {
      held.run("ROLLBACK");
      held.close();
    },
  };
}

const ownerPath = (path: string) => `${path}.owner`;

/** Only for people: a lock whose owner could not be written down still holds. */
function writeOwner(path: string, owner: string): void {
  try {
    writeFileSync(ownerPath(path), `${owner}\n`);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

function refusal(path: string, cause: unknown): VcError {
  if (systemCode(cause)?.startsWith("SQLITE_BUSY")) {
    const message = `${path} is locked by ${ownerOf(path)}. Only one master may use it: stop the other one, or use other folders.`;
    return new VcError("locked", message, { cause });
  }
  const message = `${path} cannot be locked: ${messageOf(cause)}. Its folder must be writable and on a file system with locks (for NFS: version 4, or with its lock service).`;
  return new VcError("storage", message, { cause });
}

function ownerOf(path: string): string {
  try {
    return readFileSync(ownerPath(path), "utf8").trim();
  } catch {
    return "another process";
  }
}
