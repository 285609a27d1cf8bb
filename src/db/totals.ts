import { desc, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { job_counts, jobs, meta, workers } from "./schema.ts";

type Finished = { started_at: string | null; completed_at: string; source_size: number };
export type CountRow = typeof job_counts.$inferSelect;

/** Sums for screens, and the few facts about the database itself. */
export function createTotalQueries({ orm, sqlite }: Database) {
  const counts = orm.select().from(job_counts).where(sql`${job_counts.jobs} > 0`).prepare();
  // The index by name: the planner would rather walk every completed job.
  const finished = sqlite.prepare<Finished, { since: string; limit: number }>(
    `select started_at, completed_at, source_size from jobs indexed by jobs_completed
     where status = 'completed' and completed_at >= $since order by completed_at desc limit $limit`,
  );
  const times = orm
    .select({
      encode_ms: sql<number>`coalesce(sum(${workers.encode_ms}), 0)`,
      verify_ms: sql<number>`coalesce(sum(${workers.verify_ms}), 0)`,
    })
    .from(workers)
    .prepare();
  const forgotten = sqlite.prepare<{ key: string; value: number }, []>(
    "select key, cast(value as integer) as value from meta where key in ('forgotten_encode_ms', 'forgotten_verify_ms')",
  );
  const samples = orm
    .select({
      source_rel: jobs.source_rel,
      source_size: jobs.source_size,
      source_mtime_ns: jobs.source_mtime_ns,
    })
    .from(jobs)
    .where(sql`${jobs.status} = ${sql.placeholder("status")} and ${isNull(jobs.parent_id)}`)
    .orderBy(desc(jobs.updated_ms))
    .limit(sql.placeholder("limit"))
    .prepare();

  return {
    /** Films by status and reason, kept up to date by triggers. */
    counts: (): CountRow[] => counts.all(),
    /** Films completed since then (RFC 3339), the newest `limit` of them. */
    finishedSince: (since: string, limit: number): Finished[] => finished.all({ since, limit }),
    /** Of all workers, those included that were forgotten. */
    spentTimes: () => {
      const now = times.get() ?? { encode_ms: 0, verify_ms: 0 };
      const before = new Map(forgotten.all().map(({ key, value }) => [key, value]));
      return {
        encode_ms: now.encode_ms + (before.get("forgotten_encode_ms") ?? 0),
        verify_ms: now.verify_ms + (before.get("forgotten_verify_ms") ?? 0),
      };
    },
    /** Those that changed last. */
    sampleSources: (status: "pending" | "processing" | "completed", limit: number) =>
      samples.all({ status, limit }),
    fact: (key: string): string | undefined => orm.select().from(meta).where(eq(meta.key, key)).get()?.value,
    setFact: (key: string, value: string): void => {
      orm.insert(meta).values({ key, value }).onConflictDoUpdate({ target: meta.key, set: { value } }).run();
    },
  };
}
