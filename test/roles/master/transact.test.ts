import { expect, test } from "bun:test";
import { createCommitter } from "../../../src/db/commit.ts";
import { openDatabase } from "../../../src/db/database.ts";
import { createProblems } from "../../../src/roles/master/problems.ts";
import { createTransact } from "../../../src/roles/master/transact.ts";
import { VcError } from "../../../src/shared/errors.ts";
import { createLogger } from "../../../src/shared/log.ts";

test("a database that is full is a problem until there is room again, and its operations change nothing", async () => {
  const database = openDatabase({ path: ":memory:" });
  const { sqlite } = database;
  const problems = createProblems(createLogger({ level: "error", format: "text", output_path: null }));
  const clock = { now: () => ({ wall_ms: 7, monotonic_ms: 8 }) };
  const transact = createTransact({ committer: createCommitter(database), clock, problems });
  sqlite.run("CREATE TABLE notes (text TEXT)");
  const pages = sqlite.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count;
  const write = () =>
    transact(
      (now) => sqlite.run("INSERT INTO notes VALUES (?)", ["x".repeat(100_000) + now.wall_ms]).changes,
    );
  sqlite.run(`PRAGMA max_page_count = ${pages}`);
  const error = await write().then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(VcError);
  expect(error).toMatchObject({ code: "unavailable" });
  expect(problems.list()).toEqual([expect.stringContaining("disk is full")]);
  expect(sqlite.query("SELECT count(*) AS n FROM notes").get()).toEqual({ n: 0 });
  sqlite.run("PRAGMA max_page_count = 100000");
  expect(await write()).toBe(1);
  expect(problems.list()).toEqual([]);
  expect(await transact(({ monotonic_ms }) => monotonic_ms)).toBe(8);
  await expect(
    transact(() => {
      throw new VcError("conflict", "no");
    }),
  ).rejects.toMatchObject({ code: "conflict" });
  expect(problems.list()).toEqual([]);
});
