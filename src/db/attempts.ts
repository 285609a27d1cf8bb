import { and, desc, eq, getTableColumns, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { fromParameters } from "./parameters.ts";
import { prepareChange, prepareRows } from "./prepared.ts";
import { type AttemptRow, attempts, jobs } from "./schema.ts";

const COLUMNS = Object.keys(getTableColumns(attempts)) as (keyof AttemptRow)[];
const ENDING = [
  "ended_at",
  "outcome",
  "reason",
  "message",
  "output_size",
  "report",
  "outputs",
  "ended_by",
  "answer",
] as const satisfies (keyof AttemptRow)[];

/** Questions about attempts. */
export function createAttemptQueries({ orm, sqlite }: Database) {
  const { placeholder } = sql;
  const ofJob = eq(attempts.job_id, placeholder("job_id"));
  const ofWorker = eq(attempts.worker_id, placeholder("worker_id"));
  const thisOne = and(ofJob, eq(attempts.attempt, placeholder("attempt")));
  const select = () => orm.select().from(attempts);
  const one = prepareRows(sqlite, attempts, select().where(thisOne).toSQL());
  const all = prepareRows(sqlite, attempts, select().where(ofJob).toSQL());
  const insert = prepareChange(
    sqlite,
    orm
      .insert(attempts)
      .values(fromParameters(attempts, COLUMNS) as never)
      .toSQL(),
  );
  const save = prepareChange(
    sqlite,
    orm.update(attempts).set(fromParameters(attempts, ENDING)).where(thisOne).toSQL(),
  );
  // An index that is asked for one value has its rows in the order in which they came.
  const ofClaim = eq(attempts.claim_id, placeholder("claim_id"));
  const byClaim = prepareRows(sqlite, attempts, select().where(and(ofClaim, ofWorker)).toSQL());
  const lastBy = orm
    .select()
    .from(attempts)
    .where(and(ofJob, ofWorker))
    .orderBy(desc(attempts.attempt))
    .limit(1)
    .prepare();
  const expired = orm
    .select()
    .from(attempts)
    .where(and(ofWorker, sql`outcome = 'lost' and reason = 'lease_expired'`))
    .prepare();
  const publishing = orm
    .select({ attempt: attempts })
    .from(jobs)
    .innerJoin(attempts, and(eq(attempts.job_id, jobs.id), eq(attempts.attempt, jobs.attempt)))
    .where(sql`${jobs.status} = 'publishing'`)
    .prepare();

  return {
    attempt: (of: { job_id: string; attempt: number }): AttemptRow | undefined => one.get(of),
    /** The oldest first. */
    attemptsOf: (job_id: string): AttemptRow[] => all.all({ job_id }).sort((a, b) => a.attempt - b.attempt),
    insertAttempt: (row: AttemptRow): void => insert(row),
    /** Writes what the end of an attempt changes. */
    saveAttempt: (row: AttemptRow): void => save(row),
    attemptsByClaim: (of: { claim_id: string; worker_id: string }): AttemptRow[] => byClaim.all(of),
    lastAttemptBy: (of: { job_id: string; worker_id: string }): AttemptRow | undefined => lastBy.get(of),
    /** Lost because their worker fell silent. */
    expiredAttemptsOf: (worker_id: string): AttemptRow[] => expired.all({ worker_id }),
    publishingAttempts: (): AttemptRow[] => publishing.all().map((row) => row.attempt),
  };
}
