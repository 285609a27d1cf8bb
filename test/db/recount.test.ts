import { describe, expect, test } from "bun:test";
import { openDatabase } from "../../src/db/database.ts";
import { openChecked } from "../../src/db/open-checked.ts";
import { isMiscounted, recount } from "../../src/db/recount.ts";
import { createStore } from "../../src/db/store.ts";
import { fill, withDatabasePath } from "./files.ts";

const SPOILS = [
  ["a number of films", "update job_counts set jobs = jobs + 1 where status = 'pending'"],
  ["bytes", "update job_counts set source_bytes = 0"],
  ["a row is missing", "delete from job_counts where status = 'processing'"],
  ["a row too many", "insert into job_counts values ('failed', 'stalled', 2, 1, 0, 0)"],
  ["all are missing", "delete from job_counts"],
] as const;

const NO_BACKUPS = { folder: "/nowhere", keep: 0 };

describe("totals that are not those of the jobs are mended at the start", () => {
  test.each(SPOILS)("%s", (_name, spoil) =>
    withDatabasePath(async (path) => {
      const { database, store } = fill(path, 6);
      const right = store.counts();
      expect(isMiscounted(database.sqlite)).toBe(false);
      database.sqlite.run(spoil);
      expect(isMiscounted(database.sqlite)).toBe(true);
      database.close();
      const opened = await openChecked(path, NO_BACKUPS);
      expect(opened.recounted).toBe(true);
      const byName = (rows: ReturnType<typeof store.counts>) =>
        rows.toSorted((a, b) => (a.status + a.reason < b.status + b.reason ? -1 : 1));
      expect(byName(createStore(opened).counts())).toEqual(byName(right));
      opened.close();
      const again = await openChecked(path, NO_BACKUPS);
      expect(again.recounted).toBe(false);
      again.close();
    }),
  );
});

test("rows without films are no fault", () => {
  const database = openDatabase({ path: ":memory:" });
  expect(isMiscounted(database.sqlite)).toBe(false);
  database.sqlite.run("insert into job_counts values ('failed', 'stalled', 0, 0, 0, 0)");
  expect(isMiscounted(database.sqlite)).toBe(false);
  recount(database.sqlite);
  const rows = database.sqlite.query("select status, jobs from job_counts").all();
  expect(rows).toEqual([{ status: "pending", jobs: 0 }]);
  database.close();
});
