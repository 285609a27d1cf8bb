import { Database as Sqlite } from "bun:sqlite";
import { join } from "node:path";
import { readMigrationFiles } from "drizzle-orm/migrator";

/** Inside the executable every module lies in one flat folder, and so does the embedded folder of migrations. */
export function defaultMigrations(): string {
  return join(import.meta.dir, Bun.isStandaloneExecutable ? "drizzle" : "../../drizzle");
}

/**
 * How far the tables of a database are: `none` (there is nothing in it), `foreign` (tables, but not ours), `older`
 * (there are migrations to run), `same`, `newer` (another version has been here, whose tables this one does not know),
 * or `damaged`: not what the migrations made. A flipped bit in the text of a table is no fault for SQLite.
 */
export type Stage = "none" | "foreign" | "older" | "same" | "newer" | "damaged";

export function stageOf(sqlite: Sqlite, folder = defaultMigrations()): Stage {
  const objects = objectsIn(sqlite);
  if (objects.size === 0) return "none";
  const known = ["jobs", "attempts", "workers", "meta"].filter((name) => objects.has(name));
  if (!objects.has(LIST)) return known.length > 1 ? "damaged" : "foreign";
  const migrations = readMigrationFiles({ migrationsFolder: folder });
  const newest = Math.max(...migrations.map(({ folderMillis }) => folderMillis));
  const last = lastMigration(sqlite);
  if (last === null) return "damaged";
  if (last > newest) return "newer";
  const done = migrations.filter(({ folderMillis }) => folderMillis <= last);
  const expected = objectsAfter(done.flatMap(({ sql }) => sql));
  // What a person has added, an index perhaps, harms nobody.
  if ([...expected].some(([name, sql]) => objects.get(name) !== sql)) return "damaged";
  return last === newest ? "same" : "older";
}

/** Where drizzle notes which migrations were run. */
const LIST = "__drizzle_migrations";

function lastMigration(sqlite: Sqlite): number | null {
  try {
    const row = sqlite.query<{ at: unknown }, []>(`select max(created_at) as at from ${LIST}`).get();
    const at = Number(row?.at);
    return row?.at !== null && Number.isInteger(at) ? at : null;
  } catch {
    // Its own text is damaged.
    return null;
  }
}

function objectsAfter(statements: string[]): Map<string, string> {
  const sqlite = new Sqlite(":memory:");
  try {
    for (const statement of statements) sqlite.run(statement);
    return objectsIn(sqlite);
  } finally {
    sqlite.close();
  }
}

/** Tables, indexes and triggers by name, with the text that made them. */
function objectsIn(sqlite: Sqlite): Map<string, string> {
  const rows = sqlite.query<{ name: string; sql: string }, []>(
    "select name, coalesce(sql, '') as sql from sqlite_schema where name not like 'sqlite\\_%' escape '\\'",
  );
  return new Map(rows.all().map(({ name, sql }) => [name, sql]));
}
