import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { fromParameters } from "./parameters.ts";
import { sessions, type WorkerRow, workers } from "./schema.ts";

const COLUMNS = Object.keys(getTableColumns(workers)) as (keyof WorkerRow)[];

/** Questions about workers and their sessions. */
export function createWorkerQueries({ orm }: Database) {
  const all = orm.select().from(workers).orderBy(workers.id).prepare();
  const one = orm
    .select()
    .from(workers)
    .where(eq(workers.id, sql.placeholder("id")))
    .prepare();
  const save = orm
    .insert(workers)
    .values(fromParameters(workers, COLUMNS) as never)
    .onConflictDoUpdate({ target: workers.id, set: fromParameters(workers, COLUMNS.slice(1)) })
    .prepare();
  const session = orm
    .select()
    .from(sessions)
    .where(and(eq(sessions.id, sql.placeholder("id")), eq(sessions.worker_id, sql.placeholder("worker_id"))))
    .prepare();

  return {
    worker: (id: string): WorkerRow | undefined => one.get({ id }),
    allWorkers: (): WorkerRow[] => all.all(),
    saveWorker: (row: WorkerRow): void => void save.run(row),
    sessionKnown: (of: { id: string; worker_id: string }): boolean => session.get(of) !== undefined,
    insertSession: (row: typeof sessions.$inferInsert): void => {
      orm.insert(sessions).values(row).onConflictDoNothing().run();
    },
  };
}
