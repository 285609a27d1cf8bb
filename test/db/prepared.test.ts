import { afterAll, expect, test } from "bun:test";
import { eq, getTableColumns, sql } from "drizzle-orm";
import { openDatabase } from "../../src/db/database.ts";
import { fromParameters } from "../../src/db/parameters.ts";
import { prepareChange, prepareRows } from "../../src/db/prepared.ts";
import { type WorkerRow, workers } from "../../src/db/schema.ts";

const { orm, sqlite, close } = openDatabase({ path: ":memory:" });
afterAll(close);

const COLUMNS = Object.keys(getTableColumns(workers)) as (keyof WorkerRow)[];
const insert = prepareChange(
  sqlite,
  orm
    .insert(workers)
    .values(fromParameters(workers, COLUMNS) as never)
    .toSQL(),
);
const thisOne = eq(workers.id, sql.placeholder("id"));
const byId = prepareRows(sqlite, workers, orm.select().from(workers).where(thisOne).toSQL());
const all = prepareRows(sqlite, workers, { sql: "select * from workers order by id", params: [] });

/** All kinds of columns: text, whole and broken numbers, booleans, JSON, and nothing. */
const ROW: WorkerRow = {
  id: "w1",
  hostname: "ホスト\n'\"",
  last_heartbeat: "2026-11-22T08:46:08.000Z",
  vulkan_available: true,
  active_jobs: 2,
  gpu_name: null,
  gpu_usage: 0.25,
  gpus: [{ index: 0, name: "a", kind: "discrete", driver: "d" }] as never,
  cpu_usage: 1e-9,
  memory_usage: null,
  session: "s",
  concurrency: 3,
  version: "1",
  problem: "",
  draining: false,
  stopped: true,
  completed: Number.MAX_SAFE_INTEGER,
  failed: 0,
  lost: 0,
  record: null,
  encode_ms: 1,
  verify_ms: 2,
};

test("a row comes back as it was written, and as drizzle reads it", () => {
  insert(ROW);
  expect(byId.get({ id: "w1" })).toEqual(ROW);
  expect(byId.get({ id: "w1" })).toEqual(
    orm.select().from(workers).where(eq(workers.id, "w1")).get() as never,
  );
});

test("what drizzle writes is read", () => {
  const other = { ...ROW, id: "w2", record: { failures: [], until_ms: null } as never };
  orm.insert(workers).values(other).run();
  expect(all.all({})).toEqual([ROW, other]);
  expect(byId.all({ id: "w2" })).toEqual([other]);
});

test("no row is undefined, no rows are none", () => {
  expect(byId.get({ id: "nobody" })).toBeUndefined();
  expect(byId.all({ id: "nobody" })).toEqual([]);
});

test("a parameter that is not given is a bug", () => {
  const { hostname, ...rest } = ROW;
  expect(hostname).not.toBe("");
  expect(() => insert({ ...rest, id: "w3" })).toThrow("hostname");
  expect(() => byId.get({})).toThrow("no value for the parameter id");
});
