import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { fromParameters } from "./parameters.ts";
import { prepareChange, prepareRows } from "./prepared.ts";
import { sessions, type WorkerRow, workers } from "./schema.ts";

/** What is counted of the attempts of a worker. */
export type Tally = Pick<WorkerRow, "completed" | "failed" | "lost" | "encode_ms" | "verify_ms">;

const COLUMNS = Object.keys(getTableColumns(workers)) as (keyof WorkerRow)[];

/** Questions about workers and their sessions. */
export function createWorkerQueries({ orm, sqlite }: Database) {
  const all = orm.select().from(workers).orderBy(workers.id).prepare();
  const thisOne = eq(workers.id, sql.placeholder("id"));
  const one = prepareRows(sqlite, workers, orm.select().from(workers).where(thisOne).toSQL());
  const save = prepareChange(
    sqlite,
    orm
      .insert(workers)
      .values(fromParameters(workers, COLUMNS) as never)
      .onConflictDoUpdate({ target: workers.id, set: fromParameters(workers, COLUMNS.slice(1)) })
      .toSQL(),
  );
  const addTo = sqlite.prepare<unknown, Tally & { id: string }>(
    `update workers set completed = completed + $completed, failed = failed + $failed, lost = lost + $lost,
       encode_ms = encode_ms + $encode_ms, verify_ms = verify_ms + $verify_ms where id = $id`,
  );
  const session = orm
    .select()
    .from(sessions)
    .where(and(eq(sessions.id, sql.placeholder("id")), eq(sessions.worker_id, sql.placeholder("worker_id"))))
    .prepare();

  const longSilent = sqlite.prepare<{ id: string }, { before: string }>(
    `select id from workers where last_heartbeat < $before
     and not exists (select 1 from jobs where status in ('processing', 'publishing') and worker_id = workers.id)`,
  );
  const keepTimes = sqlite.prepare<unknown, { id: string }>(
    `insert into meta select 'forgotten_' || key, value from (
       select 'encode_ms' as key, encode_ms as value from workers where id = $id
       union all select 'verify_ms', verify_ms from workers where id = $id) where true
     on conflict do update set value = cast(value as integer) + excluded.value`,
  );
  const remove = orm.delete(workers).where(thisOne).prepare();
  const forgetSessions = sqlite.prepare<unknown, { before: string }>(
    `delete from sessions where id in (
       select old.id from sessions as old
       join (select worker_id, max(started_at) as at from sessions where started_at < $before group by worker_id) as next
         on next.worker_id = old.worker_id
       where old.started_at < next.at
     ) or (started_at < $before and worker_id not in (select id from workers))`,
  );

  return {
    worker: (id: string): WorkerRow | undefined => one.get({ id }),
    allWorkers: (): WorkerRow[] => all.all(),
    saveWorker: (row: WorkerRow): void => save(row),
    /** Adds to what a worker has done; nothing where there is no such worker. */
    addToWorker: (id: string, tally: Tally): void => void addTo.run({ ...tally, id }),
    sessionKnown: (of: { id: string; worker_id: string }): boolean => session.get(of) !== undefined,
    /** Workers that were last heard before that time (RFC 3339) and hold nothing. */
    workersSilentSince: (before: string): string[] => longSilent.all({ before }).map(({ id }) => id),
    /** The worker goes; what it had spent stays in the sums. */
    forgetWorker: (id: string): void => {
      keepTimes.run({ id });
      remove.run({ id });
    },
    /** Sessions that were replaced, or whose worker was forgotten, before that time. */
    forgetSessions: (before: string): void => void forgetSessions.run({ before }),
    insertSession: (row: typeof sessions.$inferInsert): void => {
      orm.insert(sessions).values(row).onConflictDoNothing().run();
    },
  };
}
