import type { Database } from "../../src/db/database.ts";

/** The same database, whose commits fail, as on a full disk, when `fails` says so. */
export function failing(database: Database, { fails }: { fails: () => boolean }): Database {
  const { sqlite } = database;
  const run = (statement: string) => {
    if (statement === "COMMIT" && fails()) {
      throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
    }
    return sqlite.run(statement);
  };
  const faulty = {
    run,
    get inTransaction() {
      return sqlite.inTransaction;
    },
  };
  return { ...database, sqlite: faulty as unknown as Database["sqlite"] };
}
