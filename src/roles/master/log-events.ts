import type { Job } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { Coordinator } from "./coordinator.ts";

/** One log line for each change of a job's or a worker's state; none for polls, progress and heartbeats. */
export function logEvents(coordinator: Coordinator, log: Logger): void {
  const workers = new Map<string, string>();
  coordinator.subscribe((event) => {
    if (event.type === "job") logJob(event.job, log);
    if (event.type !== "worker" || workers.get(event.worker.id) === event.worker.status) return;
    workers.set(event.worker.id, event.worker.status);
    log.info(`worker ${event.worker.status}`, {
      worker_id: event.worker.id,
      hostname: event.worker.hostname,
    });
  });
}

function logJob(job: Job, log: Logger): void {
  const level = job.status === "failed" ? "warn" : "info";
  log[level](`job ${job.status}`, {
    job_id: job.id,
    attempt: job.attempt,
    ...(job.worker_id === null ? {} : { worker_id: job.worker_id }),
    source: job.source_rel,
    ...(job.reason === null ? {} : { reason: job.reason }),
    ...(job.error_message === null ? {} : { error: job.error_message }),
  });
}
