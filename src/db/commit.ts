import { messageOf, systemCode, VcError } from "../shared/errors.ts";
import type { Database } from "./database.ts";
import type { Gathering } from "./gathering.ts";

/** How many operations share a commit at most: so many take some 50 ms, and nobody waits longer. */
const MAX_BATCH = 500;

/** A Promise as the result is a compile error: what comes after its first `await` would run outside of the transaction. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;
export type Operation<T> = () => Synchronous<T>;

export type Committer = {
  /** Runs in the next commit; settles only after that commit. What the operation throws rejects this promise alone. */
  run<T>(operation: Operation<T>): Promise<T>;
  /** Commits at once, after what is already queued. For a start and for tests. */
  runNow<T>(operation: Operation<T>): T;
  /** Called inside an operation: `effect` runs once that operation is committed, and never if it is not. */
  afterCommit(effect: () => void): void;
  /** Commits what is queued; later calls are refused. */
  close(): void;
};

type Settled = { value: unknown } | { error: unknown };
type Entry = { operation: () => unknown; effects: (() => void)[]; settle: (settled: Settled) => void };

/**
 * Group commit: one transaction for everything that arrived in a turn of the event loop, one savepoint for each
 * operation, in the order of arrival. `gathering` may let it wait a moment for more.
 * @throws (by `run` and `runNow`) VcError("unavailable") when the commit failed: nothing of it happened then.
 */
export function createCommitter(database: Database, gathering?: Gathering): Committer {
  let queue: Entry[] = [];
  let scheduled = false;
  let closed = false;
  let current: Entry | null = null;

  const enqueue = (operation: () => unknown, settle: Entry["settle"]) => {
    if (closed) return settle({ error: new VcError("unavailable", "The master is stopping.") });
    queue.push({ operation, effects: [], settle });
    if (scheduled) return;
    scheduled = true;
    setImmediate(flushOne);
  };
  const flushOne = () => {
    if (queue.length < MAX_BATCH && gathering?.waits(queue.length, performance.now()))
      return void setImmediate(flushOne);
    scheduled = queue.length > MAX_BATCH;
    if (scheduled) setImmediate(flushOne);
    flushBatch();
  };
  const flushBatch = () => {
    const batch = queue.slice(0, MAX_BATCH);
    queue = queue.slice(MAX_BATCH);
    if (batch.length === 0) return;
    const begin_ms = performance.now();
    const result = commitBatch(database, batch, (entry) => (current = entry));
    gathering?.committed(batch.length, performance.now() - begin_ms);
    finish(batch, result);
  };
  const flushAll = () => {
    if (current !== null) throw new Error("runNow and close must not be called inside an operation");
    while (queue.length > 0) flushBatch();
  };

  return {
    run: <T>(operation: Operation<T>) =>
      new Promise<T>((resolve, reject) => {
        enqueue(operation, (settled) =>
          "error" in settled ? reject(settled.error) : resolve(settled.value as T),
        );
      }),
    runNow: <T>(operation: Operation<T>) => {
      let outcome: Settled | undefined;
      enqueue(operation, (settled) => {
        outcome = settled;
      });
      flushAll();
      if (outcome === undefined) throw new Error("an operation was not settled");
      if ("error" in outcome) throw outcome.error;
      return outcome.value as T;
    },
    afterCommit: (effect) => {
      if (current === null) throw new Error("afterCommit must be called inside an operation");
      current.effects.push(effect);
    },
    close: () => {
      flushAll();
      closed = true;
    },
  };
}

/** One transaction. Returns what each operation came to, or the failure of the whole. */
function commitBatch(
  database: Database,
  batch: Entry[],
  setCurrent: (entry: Entry | null) => void,
): Settled[] | VcError {
  const { sqlite, witness } = database;
  try {
    sqlite.run("BEGIN IMMEDIATE");
    const settled = batch.map((entry) => {
      setCurrent(entry);
      return runInSavepoint(database, entry);
    });
    witness.advance();
    sqlite.run("COMMIT");
    witness.confirm();
    return settled;
  } catch (cause) {
    if (sqlite.inTransaction) sqlite.run("ROLLBACK");
    witness.doubt();
    return asUnavailable(cause);
  } finally {
    setCurrent(null);
  }
}

function runInSavepoint({ sqlite, witness }: Database, entry: Entry): Settled {
  sqlite.run("SAVEPOINT operation");
  try {
    const value = entry.operation();
    sqlite.run("RELEASE operation");
    return { value };
  } catch (error) {
    entry.effects = [];
    // On a full disk SQLite may already have rolled the whole transaction back: then nothing of this batch stands.
    if (!sqlite.inTransaction) throw error;
    sqlite.run("ROLLBACK TO operation");
    sqlite.run("RELEASE operation");
    if (!isStorageFailure(error)) return { error };
    witness.doubt();
    return { error: asUnavailable(error) };
  }
}

/** Memory first, answers after: whoever reads an answer finds memory as the answer says. */
function finish(batch: Entry[], result: Settled[] | VcError): void {
  let bug: { error: unknown } | undefined;
  for (const effect of result instanceof VcError ? [] : batch.flatMap((entry) => entry.effects)) {
    try {
      effect();
    } catch (error) {
      bug ??= { error };
    }
  }
  for (const [index, entry] of batch.entries()) {
    const settled = result instanceof VcError ? { error: result } : result[index];
    if (settled !== undefined) entry.settle(settled);
  }
  if (bug !== undefined) throw bug.error;
}

function isStorageFailure(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR|BUSY|LOCKED|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM)/.test(
    systemCode(error) ?? "",
  );
}

function asUnavailable(cause: unknown): VcError {
  const full = systemCode(cause)?.startsWith("SQLITE_FULL");
  return new VcError(
    "unavailable",
    full
      ? "The database cannot grow: its disk is full. Free some space; the master goes on by itself."
      : `The database could not be written: ${messageOf(cause)}. Nothing was changed; try again.`,
    { cause },
  );
}
