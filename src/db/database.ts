import { Database as Sqlite } from "bun:sqlite";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { migrate } from "drizzle-orm/bun-sqlite/migrator";
import { messageOf, systemCode, VcError } from "../shared/errors.ts";
import { APPLICATION_ID } from "./file.ts";
import { defaultMigrations } from "./migrations.ts";
import * as schema from "./schema.ts";
import { createWitness, type Witness } from "./witness.ts";

export type Database = {
  path: string;
  sqlite: Sqlite;
  orm: BunSQLiteDatabase<typeof schema>;
  witness: Witness;
  close(): void;
};

/**
 * Opens the SQLite file, makes it if need be, and brings it to this version's tables. `:memory:` is for tests.
 * It trusts the file: a master opens it by openChecked.
 * @throws VcError("storage") when it cannot be opened or lies where SQLite's log cannot work, VcError("damaged") when
 * it is no database
 */
export function openDatabase(options: { path: string; migrations?: string }): Database {
  const sqlite = openFile(options.path);
  try {
    return bringUp(sqlite, options);
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/** Opens the file, with the settings on which everything else relies, and changes nothing in it. Throws VcError("storage" or "damaged"). */
export function openFile(path: string): Sqlite {
  let sqlite: Sqlite | undefined;
  try {
    sqlite = new Sqlite(path, { create: true, strict: true });
    setPragmas(sqlite, path);
    return sqlite;
  } catch (cause) {
    sqlite?.close();
    throw unusable(path, cause);
  }
}

/** Gives an opened file this version's tables, and its mark. Throws VcError("storage" or "damaged"). */
export function bringUp(
  sqlite: Sqlite,
  { path, migrations = defaultMigrations() }: { path: string; migrations?: string },
): Database {
  try {
    const orm = giveTables(sqlite, migrations);
    if (applicationId(sqlite) !== APPLICATION_ID) sqlite.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    const witness = createWitness(sqlite, path);
    const close = () => {
      witness.close();
      emptyLog(sqlite);
      sqlite.close();
    };
    return { path, sqlite, orm, witness, close };
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** Runs the migrations that were not run yet. Throws the system's errors. */
export function giveTables(sqlite: Sqlite, migrations = defaultMigrations()): Database["orm"] {
  const orm = drizzle(sqlite, { schema });
  migrate(orm, { migrationsFolder: migrations });
  return orm;
}

function setPragmas(sqlite: Sqlite, path: string): void {
  // Another process may hold the file for a moment (a backup, a shell); SQLite's own default is to fail at once.
  sqlite.run("PRAGMA busy_timeout = 2000");
  const mode = sqlite.query<{ journal_mode: string }, []>("PRAGMA journal_mode = WAL").get()?.journal_mode;
  if (mode !== "wal" && path !== ":memory:") {
    throw new VcError(
      "storage",
      `The database ${path} lies on a file system without the shared memory that SQLite needs. Put database.path on a local disk.`,
    );
  }
  sqlite.run("PRAGMA synchronous = FULL");
  // 16 MiB (negative: KiB). SQLite's own 2 MiB spill while a scan adds films.
  sqlite.run("PRAGMA cache_size = -16384");
  // In pages of 4 KiB. SQLite's own 1000 writes the same pages of the indexes again and again while a scan adds films.
  sqlite.run("PRAGMA wal_autocheckpoint = 4000");
  // What a savepoint may have to take back: SQLite's own default writes it to a file in /tmp, twenty times a job.
  sqlite.run("PRAGMA temp_store = MEMORY");
  sqlite.run("PRAGMA foreign_keys = ON");
}

/**
 * So that the file alone is the whole database once it is closed, and may be copied: SQLite would do it when the last
 * connection ends, but Bun keeps one alive until its prepared statements are collected. On a full disk the log stays.
 */
function emptyLog(sqlite: Sqlite): void {
  try {
    sqlite.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (!systemCode(error)?.startsWith("SQLITE_")) throw error;
  }
}

function applicationId(sqlite: Sqlite): number | undefined {
  return sqlite.query<{ application_id: number }, []>("PRAGMA application_id").get()?.application_id;
}

function unusable(path: string, cause: unknown): VcError {
  if (cause instanceof VcError) return cause;
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(systemCode(cause) ?? "")) {
    return new VcError("damaged", `The database ${path} is damaged: ${messageOf(cause)}.`, { cause });
  }
  return new VcError(
    "storage",
    `The database ${path} cannot be used: ${messageOf(cause)}. Check database.path: it must be vc's own file, in a writable folder on a local disk.`,
    { cause },
  );
}
