import type { Database as Sqlite } from "bun:sqlite";
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { systemCode } from "../shared/errors.ts";

/**
 * A lower bound of what a database has committed, in a file of its own: SQLite itself takes a database whose log
 * (-wal) was deleted, cut or damaged for a whole one that happens to be older. The count is part of each transaction,
 * and is written beside the database once that is durable. So the file can lag behind the database (after a power
 * cut), but never be ahead of it, unless commits are gone.
 */
export type Witness = {
  /** To be called as the last thing in a transaction: counts it, if it has changed anything. */
  advance(): void;
  /** To be called once that transaction is committed. */
  confirm(): void;
  /** A write has failed: until one goes well, each transaction writes something, so that it cannot go well by writing nothing. */
  doubt(): void;
  close(): void;
};

/** `id` tells databases apart, `commits` counts the changes. */
export type Count = { id: string; commits: number };

/** Fixed width: it is overwritten in place, which needs no space on a full disk. */
const DIGITS = 15;
const FORM = /^([0-9a-f-]{36}) (\d{15})\n/;

export function witnessPath(path: string): string {
  return `${path}.commits`;
}

/** For a database whose tables exist. One in memory has no witness. */
export function createWitness(sqlite: Sqlite, path: string): Witness {
  if (path === ":memory:") return { advance() {}, confirm() {}, doubt() {}, close() {} };
  const { id, commits } = countIn(sqlite) ?? begin(sqlite);
  const changes = sqlite.prepare<{ n: number }, []>("select total_changes() as n");
  const save = sqlite.prepare<unknown, { commits: string }>(
    "update meta set value = $commits where key = 'commits'",
  );
  let counted = { commits, changes: changes.get()?.n ?? 0 };
  let next: typeof counted | null = null;
  let file: number | null = null;
  let doubted = false;

  const write = () => {
    try {
      file ??= openSync(witnessPath(path), constants.O_WRONLY | constants.O_CREAT, 0o644);
      writeSync(file, `${id} ${String(counted.commits).padStart(DIGITS, "0")}\n`, 0);
    } catch (error) {
      // A bound that lags behind is still true; the next commit tries again.
      if (systemCode(error) === undefined) throw error;
    }
  };
  write();
  return {
    advance() {
      next = null;
      if (!doubted && changes.get()?.n === counted.changes) return;
      save.run({ commits: String(counted.commits + 1) });
      next = { commits: counted.commits + 1, changes: changes.get()?.n ?? 0 };
    },
    confirm() {
      if (next === null) return;
      doubted = false;
      counted = next;
      next = null;
      write();
    },
    doubt() {
      doubted = true;
    },
    close() {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

/** What the database says itself; null for one that has never counted, or cannot tell. */
export function countIn(sqlite: Sqlite): Count | null {
  try {
    const wanted = "select key, value from meta where key in ('database_id', 'commits')";
    const rows = sqlite.query<{ key: string; value: string }, []>(wanted).all();
    const facts = new Map(rows.map(({ key, value }) => [key, value]));
    const id = facts.get("database_id");
    return id === undefined ? null : { id, commits: Number(facts.get("commits")) };
  } catch (error) {
    // There is no such table yet, or its own text is damaged.
    if (systemCode(error)?.startsWith("SQLITE_")) return null;
    throw error;
  }
}

/** What the file beside the database says; null where there is none, or none that can be read. */
export function countBeside(path: string): Count | null {
  try {
    const match = FORM.exec(readFileSync(witnessPath(path), "utf8"));
    return match?.[1] === undefined ? null : { id: match[1], commits: Number(match[2]) };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}

/** How many commits that once were durable are gone: 0 for none, and for another database under the name. */
export function lostCommits(inside: Count | null, beside: Count | null): number {
  if (beside === null || (inside !== null && inside.id !== beside.id)) return 0;
  return Math.max(0, beside.commits - (inside?.commits ?? 0));
}

function begin(sqlite: Sqlite): Count {
  const id = crypto.randomUUID();
  const insert = sqlite.prepare<unknown, { key: string; value: string }>(
    "insert into meta (key, value) values ($key, $value) on conflict do update set value = excluded.value",
  );
  sqlite.transaction(() => {
    insert.run({ key: "database_id", value: id });
    insert.run({ key: "commits", value: "1" });
  })();
  return { id, commits: 1 };
}
