import { afterEach, expect, test } from "bun:test";
import { createCommitter } from "../../src/db/commit.ts";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { createStore } from "../../src/db/store.ts";
import { VcError } from "../../src/shared/errors.ts";

const opened: Database[] = [];
afterEach(() => {
  for (const database of opened.splice(0)) database.close();
});
function open() {
  const database = openDatabase({ path: ":memory:" });
  opened.push(database);
  return { database, store: createStore(database), committer: createCommitter(database) };
}

test("operations of one turn share a commit, in order; one that throws takes only itself back", async () => {
  const { store, committer } = open();
  const order: string[] = [];
  const runs = ["a", "b", "c"].map((key) =>
    committer.run(() => {
      store.setFact(key, key);
      committer.afterCommit(() => order.push(key));
      if (key === "b") throw new Error("refused");
      return key;
    }),
  );
  const settled = await Promise.allSettled(runs);
  expect(settled.map((run) => run.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(order).toEqual(["a", "c"]);
  expect([store.fact("a"), store.fact("b"), store.fact("c")]).toEqual(["a", undefined, "c"]);
});

test("a gathering commit takes in who comes meanwhile, and is told what came together", async () => {
  const database = openDatabase({ path: ":memory:" });
  opened.push(database);
  const store = createStore(database);
  const together: number[] = [];
  const committer = createCommitter(database, {
    waits: (queued) => queued < 3,
    committed: (operations) => together.push(operations),
  });
  const write = (key: string) => committer.run(() => store.setFact(key, key));
  const first = write("a");
  let answered = false;
  void first.then(() => {
    answered = true;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(false);
  expect(store.fact("a")).toBeUndefined();
  await Promise.all([first, write("b"), write("c")]);
  expect(together).toEqual([3]);
  const last = write("d");
  committer.close();
  await last;
  expect(together).toEqual([3, 1]);
});

test("effects come before answers", async () => {
  const { committer } = open();
  let memory = 0;
  const seen = await committer
    .run(() => {
      committer.afterCommit(() => memory++);
      return memory;
    })
    .then((before) => [before, memory]);
  expect(seen).toEqual([0, 1]);
});

test("a full database answers unavailable, changes nothing, and works again when there is room", async () => {
  const { database, store, committer } = open();
  const pages = database.sqlite.query<{ page_count: number }, []>("pragma page_count").get()?.page_count ?? 0;
  database.sqlite.run(`pragma max_page_count = ${pages + 1}`);
  const effects: string[] = [];
  const write = (key: string, bytes: number) =>
    committer.run(() => {
      committer.afterCommit(() => effects.push(key));
      store.setFact(key, "x".repeat(bytes));
    });
  const settled = await Promise.allSettled([write("big", 100_000)]);
  expect(settled[0]).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
  expect(effects).toEqual([]);
  expect(store.fact("big")).toBeUndefined();
  database.sqlite.run("pragma max_page_count = 1000000");
  await write("big", 100_000);
  expect(store.fact("big")).toHaveLength(100_000);
});

test("a commit that fails rejects everything in it, and nothing of it stays", async () => {
  const { database, store, committer } = open();
  // A deferred foreign key is a real reason for which COMMIT, and nothing before it, fails.
  database.sqlite.run("create table parent (id primary key)");
  database.sqlite.run("create table child (id references parent (id) deferrable initially deferred)");
  const effects: string[] = [];
  const good = committer.run(() => {
    committer.afterCommit(() => effects.push("good"));
    store.setFact("good", "x");
  });
  const bad = committer.run(() => void database.sqlite.run("insert into child values (1)"));
  const settled = await Promise.allSettled([good, bad]);
  for (const run of settled)
    expect(run).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
  expect(store.fact("good")).toBeUndefined();
  expect(effects).toEqual([]);
  await committer.run(() => store.setFact("later", "x"));
  expect(store.fact("later")).toBe("x");
});

test("asynchronous operations do not compile", () => {
  const { committer } = open();
  // @ts-expect-error what comes after an await would be outside of the transaction
  const wrong = () => committer.run(async () => 1);
  expect(wrong).toBeFunction();
});

test("after close nothing is taken", async () => {
  const { committer } = open();
  const before = committer.run(() => 1);
  committer.close();
  expect(await before).toBe(1);
  const refused: unknown = await committer.run(() => 2).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(VcError);
});
