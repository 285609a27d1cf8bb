import * as v from "valibot";
import { JOB_STATUSES, JobStatus, Reason } from "./job.ts";
import { Worker } from "./worker.ts";

export const Counts = v.object(
  Object.fromEntries(JOB_STATUSES.map((status) => [status, v.number()])) as Record<
    (typeof JOB_STATUSES)[number],
    v.NumberSchema<undefined>
  >,
);
export type Counts = v.InferOutput<typeof Counts>;

export const Status = v.object({
  ...Counts.entries,
  total: v.number(),
  /** Of the skipped films, how many for which reason; the most frequent first. */
  skipped_for: v.optional(v.array(v.object({ reason: Reason, jobs: v.number() })), []),
  workers: v.array(Worker),
  /** Measured over the busy time of the last hour; null where nothing was done in it, or was ever finished. */
  throughput: v.object({ files_per_hour: v.nullable(v.number()), bytes_per_second: v.nullable(v.number()) }),
  /** Seconds for all that is left at the measured speed; null while unknown, or while no worker can take it. */
  eta_s: v.nullable(v.number()),
  /** What a person should look at, one sentence each: a root that is gone, a full disk, a scan that failed. */
  problems: v.array(v.string()),
  scan: v.object({
    running: v.boolean(),
    last_finished_at: v.nullable(v.string()),
    files: v.number(),
    unsettled: v.number(),
    unreadable: v.number(),
  }),
  timestamp: v.string(),
});
export type Status = v.InferOutput<typeof Status>;

export const Stats = v.object({
  timestamp: v.string(),
  started_at: v.string(),
  version: v.string(),
  counts: Counts,
  source_bytes: v.number(),
  completed_source_bytes: v.number(),
  completed_output_bytes: v.number(),
  completed_source_seconds: v.number(),
  encode_seconds: v.number(),
  verify_seconds: v.number(),
  reasons: v.array(v.object({ status: JobStatus, reason: v.nullable(Reason), jobs: v.number() })),
  by_worker: v.array(
    v.object({
      worker_id: v.string(),
      completed: v.number(),
      failed: v.number(),
      lost: v.number(),
      encode_seconds: v.number(),
    }),
  ),
});
export type Stats = v.InferOutput<typeof Stats>;
