import type { AttemptRow, JobRow, WorkerRow } from "../../db/schema.ts";
import { toTimestamp } from "../../shared/clock.ts";
import type { Conversion } from "../../shared/conversion.ts";
import { type Attempt, type Job, type JobOrder, type Progress, stagingName } from "../../shared/job.ts";
import type { Wish } from "../../shared/rules.ts";
import type { Worker } from "../../shared/worker.ts";

/** Rows as clients see them. */
export function toJob(row: JobRow, progress: Progress | null): Job {
  const {
    output_key,
    not_before_ms,
    updated_ms,
    published_rel,
    published_size,
    published_mtime_ns,
    published_beside,
    ...rest
  } = row;
  const { wish_key, ...job } = rest;
  const waits = row.status === "pending" && not_before_ms > 0;
  return {
    ...job,
    not_before: waits ? toTimestamp(not_before_ms) : null,
    progress: row.status === "processing" ? progress : null,
  };
}

export function toAttempt(row: AttemptRow): Attempt {
  const { job_id, attempt, worker_id, started_at, ended_at, outcome, reason, message, output_size, report } =
    row;
  return { job_id, attempt, worker_id, started_at, ended_at, outcome, reason, message, output_size, report };
}

export function toOrder(
  job: JobRow,
  attempt: AttemptRow,
  wish: Pick<Wish, "conversion" | "rules">,
): JobOrder {
  return {
    id: job.id,
    attempt: attempt.attempt,
    kind: job.kind,
    status: "processing",
    created_at: job.created_at,
    source_path: job.source_path,
    output_path: job.output_path,
    source_rel: job.source_rel,
    output_rel: job.output_rel,
    source_size: attempt.source_size,
    source_mtime_ns: attempt.source_mtime_ns,
    staging: stagingName(attempt),
    // A claim that is repeated after the settings changed still gets the container that it was named for.
    rules: wish.rules,
    conversion: { ...wish.conversion, container: attempt.extension as Conversion["container"] },
  };
}

export function toWorker(
  row: WorkerRow,
  now: Pick<Worker, "status" | "problem" | "doing" | "warnings" | "jobs">,
): Worker {
  const { id, hostname, last_heartbeat, vulkan_available, concurrency, version } = row;
  const { gpu_name, gpu_usage, gpus, cpu_usage, memory_usage } = row;
  return {
    id,
    hostname,
    status: now.status,
    last_heartbeat,
    vulkan_available,
    active_jobs: now.jobs.length,
    concurrency,
    gpu_name,
    gpu_usage,
    gpus,
    cpu_usage,
    memory_usage,
    version,
    problem: now.problem,
    doing: now.doing,
    warnings: now.warnings,
    jobs: now.jobs,
  };
}
