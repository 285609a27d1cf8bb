import { and, eq, isNull, sql } from "drizzle-orm";
import type { JobStatus, Reason } from "../shared/job.ts";
import type { Database } from "./database.ts";
import { type JobRow, jobs } from "./schema.ts";

/** What is needed to know whether a source is new, changed or neither. */
export type KnownSource = Pick<
  JobRow,
  | "id"
  | "source_rel"
  | "source_size"
  | "source_mtime_ns"
  | "status"
  | "reason"
  | "error_message"
  | "wish_key"
  | "completed_at"
>;
/** Set where rules leave a new film alone, instead of queueing it. */
export type LeftAlone = Pick<JobRow, "reason" | "error_message" | "completed_at">;
export type NewSource = Pick<
  JobRow,
  | "id"
  | "source_path"
  | "output_path"
  | "source_rel"
  | "output_rel"
  | "output_key"
  | "max_retries"
  | "created_at"
  | "updated_ms"
  | "source_size"
  | "source_mtime_ns"
>;

type NewSums = { jobs: number; source_bytes: number };

/** Questions of a scan. They come by the hundred thousand, so some of them are raw SQL: drizzle takes twice as long. */
export function createSourceQueries({ orm, sqlite }: Database) {
  const film = isNull(jobs.parent_id);
  const known = sqlite.prepare<KnownSource, { rels: string }>(
    `select jobs.id, source_rel, source_size, source_mtime_ns, status, reason, error_message,
       wish_key, completed_at from json_each($rels) as found
     join jobs on jobs.source_rel = found.value and jobs.parent_id is null`,
  );
  const insert = sqlite.prepare<unknown, NewSource>(
    `insert into jobs (id, source_path, output_path, source_rel, output_rel, output_key, status,
       max_retries, created_at, updated_ms, source_size, source_mtime_ns)
     values ($id, $source_path, $output_path, $source_rel, $output_rel, $output_key, 'pending',
       $max_retries, $created_at, $updated_ms, $source_size, $source_mtime_ns)
     on conflict do nothing`,
  );
  const insertSkipped = sqlite.prepare<unknown, NewSource & LeftAlone>(
    `insert into jobs (id, source_path, output_path, source_rel, output_rel, output_key, status, reason,
       error_message, completed_at, max_retries, created_at, updated_ms, source_size, source_mtime_ns)
     values ($id, $source_path, $output_path, $source_rel, $output_rel, $output_key, 'skipped', $reason,
       $error_message, $completed_at, $max_retries, $created_at, $updated_ms, $source_size, $source_mtime_ns)
     on conflict do nothing`,
  );
  const countNew = sqlite.prepare<unknown, { status: JobStatus; reason: string } & NewSums>(
    `insert into job_counts values ($status, $reason, $jobs, $source_bytes, 0, 0)
     on conflict do update set jobs = jobs + excluded.jobs, source_bytes = source_bytes + excluded.source_bytes`,
  );
  const byKey = orm
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(eq(jobs.output_key, sql.placeholder("key")), film))
    .prepare();
  const bySource = orm
    .select()
    .from(jobs)
    .where(and(eq(jobs.source_rel, sql.placeholder("rel")), film))
    .prepare();

  return {
    knownSources: (rels: string[]): Map<string, KnownSource> =>
      new Map(known.all({ rels: JSON.stringify(rels) }).map((row) => [row.source_rel, row])),
    /** False when the id, the source or the output's name is taken. Count what was inserted by countNewSources. */
    insertSource: (row: NewSource): boolean => insert.run(row).changes > 0,
    /** The same for a film that rules leave alone. */
    insertSkipped: (row: NewSource & LeftAlone): boolean => insertSkipped.run(row).changes > 0,
    /** New films are counted here, once a batch, and not by a trigger: that made every insert four times as slow. */
    countNewSources: (added: NewSums, reason: Reason | null = null): void =>
      void countNew.run({ ...added, status: reason === null ? "pending" : "skipped", reason: reason ?? "" }),
    /** The job that has this output name, whatever its case. */
    ownerOfOutput: (key: string): string | undefined => byKey.get({ key })?.id,
    jobOfSource: (source_rel: string): JobRow | undefined => bySource.get({ rel: source_rel }),
    /** Rewrites the absolute paths of every job after a root was moved. */
    relocate: (source_prefix: string, output_prefix: string, separator: string): void => {
      orm
        .update(jobs)
        .set({
          source_path: sql`${source_prefix} || replace(${jobs.source_rel}, '/', ${separator})`,
          output_path: sql`${output_prefix} || replace(${jobs.output_rel}, '/', ${separator})`,
        })
        .run();
    },
  };
}
