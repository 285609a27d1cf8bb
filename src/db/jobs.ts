import { and, desc, eq, isNull, like, lt, or, type SQL, sql } from "drizzle-orm";
import type { JobStatus, Reason } from "../shared/job.ts";
import type { Database } from "./database.ts";
import { fromParameters } from "./parameters.ts";
import { prepareChange, prepareRows } from "./prepared.ts";
import { type JobRow, jobs } from "./schema.ts";

const MUTABLE = [
  "status",
  "reason",
  "error_message",
  "worker_id",
  "attempt",
  "priority",
  "retry_count",
  "max_retries",
  "lost_count",
  "not_before_ms",
  "started_at",
  "completed_at",
  "updated_ms",
  "source_size",
  "source_mtime_ns",
  "source_duration",
  "output_size",
  "notes",
  "profile",
  "wish_key",
  "published_rel",
  "published_size",
  "published_mtime_ns",
  "published_beside",
] as const satisfies (keyof JobRow)[];

/**
 * The next jobs to run. Literals, not parameters, so that the partial index fits; INDEXED BY, because the planner
 * would rather take the index on status and sort the queue at every claim.
 */
export function claimQuery(limit: number): string {
  return `select * from jobs indexed by jobs_claim
    where status = 'pending' and not_before_ms = 0 order by priority desc, created_at, rowid limit ${limit}`;
}

const DUE = sql`${jobs.not_before_ms} > 0 and (${jobs.not_before_ms} <= ${sql.placeholder("now_ms")}
  or ${jobs.not_before_ms} > ${sql.placeholder("latest_ms")})`;
const HELD = sql`${jobs.status} in ('processing', 'publishing')`;

export type JobFilter = { status?: JobStatus | undefined; search?: string | undefined };

/** Questions about jobs, and their changes. */
export function createJobQueries({ orm, sqlite }: Database) {
  const id = sql.placeholder("id");
  const byId = prepareRows(sqlite, jobs, orm.select().from(jobs).where(eq(jobs.id, id)).toSQL());
  const claimable = createClaimable(sqlite);
  const save = prepareChange(
    sqlite,
    orm.update(jobs).set(fromParameters(jobs, MUTABLE)).where(eq(jobs.id, id)).toSQL(),
  );
  const rename = orm
    .update(jobs)
    .set(fromParameters(jobs, ["output_rel", "output_key", "output_path"]))
    .where(eq(jobs.id, id))
    .prepare();
  // Two looks at the ends of the index: this is asked at every claim, and thousands may wait.
  const waiting = sqlite.prepare<{ first: number | null; last: number | null }, []>(
    `select (select min(not_before_ms) from jobs where not_before_ms > 0) as first,
       (select max(not_before_ms) from jobs where not_before_ms > 0) as last`,
  );
  const anyClaimable = sqlite.prepare<unknown, []>(claimQuery(1).replace("*", "1"));
  const release = orm.update(jobs).set({ not_before_ms: 0 }).where(DUE).prepare();
  const held = orm.select().from(jobs).where(HELD).prepare();
  const ofWorker = eq(jobs.worker_id, sql.placeholder("worker_id"));
  const heldCounts = sqlite.prepare<{ worker_id: string; jobs: number }, []>(
    `select worker_id, count(*) as jobs from jobs where status in ('processing', 'publishing')
     and worker_id is not null group by worker_id`,
  );
  const heldBy = prepareRows(sqlite, jobs, orm.select().from(jobs).where(and(HELD, ofWorker)).toSQL());

  return {
    job: (job_id: string): JobRow | undefined => byId.get({ id: job_id }),
    /** Up to `limit` jobs that may run now, in the order in which they should. */
    claimableJobs: claimable,
    hasClaimable: (): boolean => anyClaimable.get() !== null,
    saveJob: (row: JobRow): void => save(row),
    renameOutput: (row: Pick<JobRow, "id" | "output_rel" | "output_key" | "output_path">): void =>
      void rename.run(row),
    /** Lets every job run whose back-off is not between `now_ms` and `latest_ms`; says whether there was one. */
    releaseDue: (still: { now_ms: number; latest_ms: number }): boolean => {
      const { first, last } = waiting.get() ?? { first: null, last: null };
      if (first === null || last === null) return false;
      if (first > still.now_ms && last <= still.latest_ms) return false;
      release.run(still);
      return true;
    },
    /** Jobs in processing or publishing. */
    heldJobs: (): JobRow[] => held.all(),
    heldJobsOf: (worker_id: string): JobRow[] => heldBy.all({ worker_id }),
    /** How many of them each worker has that has any. */
    heldCounts: (): Map<string, number> =>
      new Map(heldCounts.all().map(({ worker_id, jobs }) => [worker_id, jobs])),
    ...createJobLists(orm),
  };
}

/** A statement for each power of two, as a limit that is a parameter would be planned anew at each claim. */
function createClaimable(sqlite: Database["sqlite"]): (limit: number) => JobRow[] {
  const statements = new Map<number, ReturnType<typeof prepareRows<typeof jobs>>>();
  return (limit) => {
    const most = 2 ** Math.ceil(Math.log2(Math.max(1, limit)));
    const statement =
      statements.get(most) ?? prepareRows(sqlite, jobs, { sql: claimQuery(most), params: [] });
    statements.set(most, statement);
    return statement.all({}).slice(0, limit);
  };
}

/** What people's lists ask: too varied to be prepared. */
function createJobLists(orm: Database["orm"]) {
  return {
    /** Films, newest change first. */
    listJobs: (filter: JobFilter, page: { limit: number; offset: number }): JobRow[] =>
      orm
        .select()
        .from(jobs)
        .where(matching(filter))
        .orderBy(desc(jobs.updated_ms), desc(sql`rowid`))
        .limit(page.limit)
        .offset(page.offset)
        .all(),
    countJobs: (filter: JobFilter): number =>
      orm.select({ jobs: sql<number>`count(*)` }).from(jobs).where(matching(filter)).get()?.jobs ?? 0,
    /** Films that failed so before then, the oldest first. */
    failedJobs: (of: { reason: Reason; before_ms: number }, limit: number): JobRow[] =>
      orm
        .select()
        .from(jobs)
        .where(
          and(
            isNull(jobs.parent_id),
            eq(jobs.status, "failed"),
            eq(jobs.reason, of.reason),
            lt(jobs.updated_ms, of.before_ms),
          ),
        )
        .orderBy(jobs.updated_ms)
        .limit(limit)
        .all(),
    /** Two jobs at most, which is enough to know that a prefix is not unique. */
    jobsByPrefix: (prefix: string): JobRow[] =>
      orm
        .select()
        .from(jobs)
        .where(sql`${jobs.id} >= ${prefix} and ${jobs.id} < ${`${prefix}~`}`)
        .limit(2)
        .all(),
    /** Sets `change` on the failed jobs whose last change is oldest; says how many. */
    changeFailedJobs: (change: Partial<JobRow>, limit: number | undefined): number => {
      const oldest = sql`select ${jobs.id} from ${jobs} where ${jobs.status} = 'failed' and ${jobs.parent_id} is null order by ${jobs.updated_ms} limit ${limit ?? -1}`;
      return orm
        .update(jobs)
        .set(change)
        .where(sql`${jobs.id} in (${oldest})`)
        .returning({ id: jobs.id })
        .all().length;
    },
  };
}

function matching({ status, search }: JobFilter): SQL | undefined {
  const film = isNull(jobs.parent_id);
  const ofStatus = status === undefined ? undefined : eq(jobs.status, status);
  if (search === undefined || search === "") return and(film, ofStatus);
  const text = search.replaceAll(/[\\%_]/g, "\\$&");
  const found = or(
    sql`${like(jobs.id, `${text}%`)} escape '\\'`,
    sql`${like(jobs.source_rel, `%${text}%`)} escape '\\'`,
  );
  return and(film, ofStatus, found);
}
