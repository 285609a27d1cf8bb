import { sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { ATTEMPT_OUTCOMES, AttemptReport, JobStatus, Output, Reason } from "../shared/job.ts";
import type { OriginalState } from "../shared/originals.ts";
import type { WorkerGpu, WorkerRecord } from "../shared/worker.ts";

/** A file of an attempt on its way into the output tree; see PublishIntent in roles/master/publishing.ts. */
export type IntendedOutput = Pick<Output, "staging" | "role" | "sha256"> & {
  output_rel: string;
  /** Null where a client did not say. */
  size: number | null;
  /** What vc itself published under this name before; null: the name must be free. */
  previous: { size: number; mtime_ns: string } | null;
};

/** A file that vc put into the output tree, as it was then. */
export type PublishedFile = { output_rel: string; size: number; mtime_ns: string };

export const jobs = sqliteTable(
  "jobs",
  {
    id: text().primaryKey(),
    kind: text().notNull().default("film"),
    parent_id: text(),
    source_path: text().notNull(),
    output_path: text().notNull(),
    source_rel: text().notNull(),
    output_rel: text().notNull(),
    /** output_rel without regard to case and Unicode form: what must be unique. */
    output_key: text().notNull(),
    status: text().$type<JobStatus>().notNull(),
    reason: text().$type<Reason>(),
    error_message: text(),
    worker_id: text(),
    attempt: integer().notNull().default(0),
    priority: integer().notNull().default(0),
    retry_count: integer().notNull().default(0),
    max_retries: integer().notNull().default(3),
    lost_count: integer().notNull().default(0),
    /** Unix milliseconds before which a pending job waits; 0: it may run. */
    not_before_ms: integer().notNull().default(0),
    created_at: text().notNull(),
    started_at: text(),
    completed_at: text(),
    /** Unix milliseconds of the newest change, for lists. */
    updated_ms: integer().notNull(),
    source_size: integer().notNull(),
    source_mtime_ns: text().notNull(),
    source_duration: real(),
    output_size: integer(),
    notes: text({ mode: "json" }).$type<string[]>().notNull().default([]),
    /** The profile of the newest claim, and what all its settings were; see Wish in shared/rules.ts. */
    profile: text(),
    wish_key: text(),
    /** What vc last published for this source, and where: only that may be replaced. */
    published_rel: text(),
    published_size: integer(),
    published_mtime_ns: text(),
    /** Files beside it, which go with it. */
    published_beside: text({ mode: "json" }).$type<PublishedFile[]>().notNull().default([]),
  },
  (t) => [
    // Must match the claim's ORDER BY exactly (rowid breaks ties), or every claim sorts the whole queue.
    index("jobs_claim")
      .on(sql`${t.priority} desc`, t.created_at)
      .where(sql`status = 'pending' and not_before_ms = 0`),
    index("jobs_waiting").on(t.not_before_ms).where(sql`not_before_ms > 0`),
    uniqueIndex("jobs_source").on(t.source_rel).where(sql`parent_id is null`),
    uniqueIndex("jobs_output").on(t.output_key).where(sql`parent_id is null`),
    index("jobs_status").on(t.status, t.updated_ms),
    index("jobs_updated").on(t.updated_ms),
    index("jobs_completed").on(t.completed_at).where(sql`status = 'completed'`),
    index("jobs_held").on(t.worker_id).where(sql`status in ('processing', 'publishing')`),
  ],
);
export type JobRow = typeof jobs.$inferSelect;

export const attempts = sqliteTable(
  "attempts",
  {
    job_id: text().notNull(),
    attempt: integer().notNull(),
    worker_id: text().notNull(),
    claim_id: text(),
    /** 1: a client of the seed's wire format, 2: our own. */
    protocol: integer().notNull(),
    /** The source as it was claimed; another one since means that the result is out of date. */
    source_size: integer().notNull(),
    source_mtime_ns: text().notNull(),
    /** Of the file to hand in, as configured when it was claimed. */
    extension: text().notNull(),
    started_at: text().notNull(),
    ended_at: text(),
    outcome: text().$type<(typeof ATTEMPT_OUTCOMES)[number]>(),
    reason: text().$type<Reason>(),
    message: text(),
    output_size: integer(),
    report: text({ mode: "json" }).$type<AttemptReport>().notNull().default({}),
    /** The recorded intent of a hand-in. */
    outputs: text({ mode: "json" }).$type<IntendedOutput[]>(),
    /** What the worker's own last word about this attempt was, and the answer, to give it again when repeated. */
    ended_by: text().$type<"complete" | "failed">(),
    answer: text().$type<JobStatus>(),
  },
  (t) => [
    primaryKey({ columns: [t.job_id, t.attempt] }),
    index("attempts_claim").on(t.claim_id).where(sql`claim_id is not null`),
    index("attempts_expired").on(t.worker_id).where(sql`outcome = 'lost' and reason = 'lease_expired'`),
  ],
);
export type AttemptRow = typeof attempts.$inferSelect;

export const workers = sqliteTable("workers", {
  id: text().primaryKey(),
  hostname: text().notNull(),
  last_heartbeat: text(),
  vulkan_available: integer({ mode: "boolean" }).notNull().default(false),
  active_jobs: integer().notNull().default(0),
  gpu_name: text(),
  gpu_usage: real(),
  gpus: text({ mode: "json" }).$type<WorkerGpu[]>().notNull().default([]),
  cpu_usage: real(),
  memory_usage: real(),
  /** Of the process that registered last; null for clients of the seed's wire format. */
  session: text(),
  concurrency: integer().notNull().default(1),
  version: text(),
  problem: text(),
  draining: integer({ mode: "boolean" }).notNull().default(false),
  /** It said goodbye: it is offline from then on, not only after some silence. */
  stopped: integer({ mode: "boolean" }).notNull().default(false),
  /** Its failures since its last success, and what follows from them. */
  record: text({ mode: "json" }).$type<WorkerRecord>(),
  completed: integer().notNull().default(0),
  failed: integer().notNull().default(0),
  lost: integer().notNull().default(0),
  encode_ms: integer().notNull().default(0),
  verify_ms: integer().notNull().default(0),
});
export type WorkerRow = typeof workers.$inferSelect;

/** A film whose source gave its place to the result: where it lies since, and what stands in its place. */
export const originals = sqliteTable(
  "originals",
  {
    job_id: text().notNull(),
    attempt: integer().notNull(),
    /** '/'-separated below root_path: where it belongs, and where it lies. */
    source_rel: text().notNull(),
    kept_rel: text().notNull(),
    size: integer().notNull(),
    mtime_ns: text().notNull(),
    /** The result in its place, below root_path too; size and time are null until it stands there. */
    output_rel: text().notNull(),
    /** As outputKey: file systems differ in which letters they take for the same. */
    output_key: text().notNull(),
    output_size: integer(),
    output_mtime_ns: text(),
    state: text().$type<OriginalState>().notNull(),
    /** Unix milliseconds. */
    replaced_ms: integer().notNull(),
    ended_ms: integer(),
  },
  (t) => [
    primaryKey({ columns: [t.job_id, t.attempt] }),
    index("originals_output").on(t.output_key),
    index("originals_state").on(t.state, t.replaced_ms),
  ],
);
export type OriginalRow = typeof originals.$inferSelect;

/** Every start of a worker process that ever registered: a replaced one must not come back. */
export const sessions = sqliteTable("sessions", {
  id: text().primaryKey(),
  worker_id: text().notNull(),
  started_at: text().notNull(),
});

/** Sums over films, kept by triggers: counting a million rows on every screen would be too slow. */
export const job_counts = sqliteTable(
  "job_counts",
  {
    status: text().$type<JobStatus>().notNull(),
    /** Empty for none. */
    reason: text().$type<Reason | "">().notNull(),
    jobs: integer().notNull(),
    source_bytes: integer().notNull(),
    output_bytes: integer().notNull(),
    source_ms: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.status, t.reason] })],
);

export const meta = sqliteTable("meta", { key: text().primaryKey(), value: text().notNull() });
