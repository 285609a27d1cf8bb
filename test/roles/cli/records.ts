import type { Attempt, Job } from "../../../src/shared/job.ts";
import type { Status } from "../../../src/shared/status.ts";
import type { Worker } from "../../../src/shared/worker.ts";

/** Whole records for the screens' tables; each test changes what it is about. */

export function job(changes: Partial<Job> = {}): Job {
  return {
    id: "e1t6seb6w1",
    kind: "film",
    parent_id: null,
    source_path: "/mnt/videos/a.mkv",
    output_path: "/mnt/converted/a.mp4",
    source_rel: "a.mkv",
    output_rel: "a.mp4",
    status: "pending",
    reason: null,
    error_message: null,
    worker_id: null,
    attempt: 0,
    priority: 0,
    retry_count: 0,
    max_retries: 3,
    lost_count: 0,
    not_before: null,
    created_at: "2026-11-22T08:00:00.000Z",
    started_at: null,
    completed_at: null,
    source_size: 1_073_741_824,
    source_mtime_ns: "1",
    source_duration: null,
    output_size: null,
    notes: [],
    progress: null,
    ...changes,
  };
}

export function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    job_id: "e1t6seb6w1",
    attempt: 1,
    worker_id: "worker-1",
    started_at: "2026-11-22T08:01:00.000Z",
    ended_at: null,
    outcome: null,
    reason: null,
    message: null,
    output_size: null,
    report: {},
    ...changes,
  };
}

export function worker(changes: Partial<Worker> = {}): Worker {
  return {
    id: "worker-1",
    hostname: "compute-1",
    status: "online",
    last_heartbeat: "2026-11-22T08:59:50.000Z",
    vulkan_available: false,
    active_jobs: 0,
    concurrency: 2,
    gpu_name: null,
    gpu_usage: null,
    gpus: [],
    cpu_usage: null,
    memory_usage: null,
    version: "0.1.0",
    problem: null,
    doing: null,
    warnings: [],
    jobs: [],
    ...changes,
  };
}

export function status(changes: Partial<Status> = {}): Status {
  return {
    pending: 0,
    processing: 0,
    publishing: 0,
    completed: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    total: 0,
    skipped_for: [],
    workers: [],
    throughput: { files_per_hour: null, bytes_per_second: null },
    eta_s: null,
    problems: [],
    scan: { running: false, last_finished_at: null, files: 0, unsettled: 0, unreadable: 0 },
    timestamp: "2026-11-22T09:00:00.000Z",
    ...changes,
  };
}
