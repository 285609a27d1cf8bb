import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/db/database.ts";
import { claimQuery } from "../../src/db/jobs.ts";

function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "vc-db-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a new file gets its tables, durable writes and a write-ahead log; opening it again changes nothing", () => {
  inFolder((folder) => {
    const path = join(folder, "jobs.db");
    for (const _time of [1, 2]) {
      const database = openDatabase({ path });
      const pragma = (name: string) => Object.values(database.sqlite.query(`pragma ${name}`).get() ?? {})[0];
      expect([pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")]).toEqual(["wal", 2, 1]);
      expect(Number(pragma("busy_timeout"))).toBeGreaterThan(0);
      // 2 is MEMORY: no commit depends on the room in /tmp.
      expect(pragma("temp_store")).toBe(2);
      database.close();
    }
  });
});

test("what is no database is refused by its path", () => {
  inFolder((folder) => {
    const path = join(folder, "notes.txt");
    writeFileSync(path, "not a database, but long enough to look at".repeat(100));
    expect(() => openDatabase({ path })).toThrow(path);
    expect(() => openDatabase({ path: join(folder, "none", "jobs.db") })).toThrow("database.path");
  });
});

test("a claim sorts nothing", () => {
  const { sqlite, close } = openDatabase({ path: ":memory:" });
  const explain = sqlite.prepare(`explain query plan ${claimQuery(10)}`);
  const plan = JSON.stringify(explain.all());
  explain.finalize();
  close();
  expect(plan).toContain("USING INDEX jobs_claim");
  expect(plan).not.toContain("TEMP B-TREE");
});
