import { Database as Sqlite } from "bun:sqlite";
import { join } from "node:path";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { migrate } from "drizzle-orm/bun-sqlite/migrator";
import { messageOf, VcError } from "../shared/errors.ts";
import * as schema from "./schema.ts";

export type Database = {
  path: string;
  sqlite: Sqlite;
  orm: BunSQLiteDatabase<typeof schema>;
  close(): void;
};

/**
 * Opens the SQLite file, makes it if need be, and brings it to this version's tables. `:memory:` is for tests.
 * @throws VcError("storage") when it cannot be opened, is no database, or lies where SQLite's log cannot work.
 */
export function openDatabase(options: { path: string; migrations?: string }): Database {
  const { path, migrations = defaultMigrations() } = options;
  let sqlite: Sqlite | undefined;
  try {
    sqlite = new Sqlite(path, { create: true, strict: true });
    setPragmas(sqlite, path);
    const orm = drizzle(sqlite, { schema });
    migrate(orm, { migrationsFolder: migrations });
    const opened = sqlite;
    return { path, sqlite, orm, close: () => opened.close() };
  } catch (cause) {
    sqlite?.close();
    if (cause instanceof VcError) throw cause;
    throw new VcError(
      "storage",
      `The database ${path} cannot be used: ${messageOf(cause)}. Check database.path: it must be vc's own file, in a writable folder on a local disk.`,
      { cause },
    );
  }
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
  sqlite.run("PRAGMA foreign_keys = ON");
}

/** Inside the executable every module lies in one flat folder, and so does the embedded folder of migrations. */
function defaultMigrations(): string {
  return join(import.meta.dir, Bun.isStandaloneExecutable ? "drizzle" : "../../drizzle");
}
