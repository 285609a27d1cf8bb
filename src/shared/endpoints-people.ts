import * as v from "valibot";
import { count, type EndpointShape, Id, Text } from "./endpoint.ts";
import { Attempt, Job, JobStatus } from "./job.ts";
import { Original } from "./originals.ts";
import { Stats, Status } from "./status.ts";
import { Worker } from "./worker.ts";

/** What people's commands, pages and monitors call. */

const Ok = v.object({ ok: v.literal(true) });

export const peopleEndpoints = {
  status: {
    method: "GET",
    path: "/api/status",
    access: "people",
    summary: "Counts, workers, speed, problems.",
    input: v.object({}),
    reply: Status,
  },
  stats: {
    method: "GET",
    path: "/api/stats",
    access: "people",
    summary: "Sums over everything so far.",
    input: v.object({}),
    reply: Stats,
  },
  jobs: {
    method: "GET",
    path: "/api/jobs",
    access: "people",
    summary: "Jobs, newest change first; `search` is an id's beginning or a part of the path.",
    input: v.object({
      status: v.optional(JobStatus),
      search: v.optional(Text(4096)),
      limit: v.optional(count(1000)),
      offset: v.optional(count(Number.MAX_SAFE_INTEGER)),
    }),
    reply: v.object({ jobs: v.array(Job), total: v.number() }),
  },
  job: {
    method: "GET",
    path: "/api/jobs/:id",
    access: "people",
    summary: "One job with its attempts.",
    input: v.object({ id: Id }),
    /** `originals`: what of it was replaced, the newest first. */
    reply: v.object({
      job: Job,
      attempts: v.array(Attempt),
      originals: v.optional(v.array(Original)),
    }),
  },
  cancel_job: {
    method: "POST",
    path: "/api/jobs/:id/cancel",
    access: "people",
    summary: "Ends a pending or processing job; it never comes back by itself.",
    input: v.object({ id: Id }),
    reply: v.object({ job: Job }),
  },
  retry_job: {
    method: "POST",
    path: "/api/jobs/:id/retry",
    access: "people",
    summary: "Queues a failed or cancelled job again.",
    input: v.object({ id: Id }),
    reply: v.object({ job: Job }),
  },
  set_priority: {
    method: "POST",
    path: "/api/jobs/:id/priority",
    access: "people",
    summary: "Higher runs first; 0 is normal.",
    input: v.object({
      id: Id,
      priority: v.pipe(v.number(), v.safeInteger(), v.minValue(-1000), v.maxValue(1000)),
    }),
    reply: v.object({ job: Job }),
  },
  retry_failed: {
    method: "POST",
    path: "/api/retry",
    access: "people",
    summary: "Queues failed jobs again, oldest first.",
    input: v.object({ limit: v.optional(count(1e9)) }),
    reply: v.object({ retried: v.number(), remaining: v.number() }),
  },
  scan: {
    method: "POST",
    path: "/api/scan",
    access: "people",
    summary: "Looks for new and changed films now.",
    input: v.object({}),
    reply: v.object({ started: v.boolean() }),
  },
  workers: {
    method: "GET",
    path: "/api/workers",
    access: "people",
    summary: "Every worker that was ever seen.",
    input: v.object({}),
    reply: v.object({ workers: v.array(Worker) }),
  },
  drain_worker: {
    method: "POST",
    path: "/api/workers/:id/drain",
    access: "people",
    summary: "Lets a worker finish or hand back what it has, and end.",
    input: v.object({ id: Id }),
    reply: Ok,
  },
  resume_worker: {
    method: "POST",
    path: "/api/workers/:id/resume",
    access: "people",
    summary: "Ends a worker's quarantine: it is trusted as if nothing had failed on it.",
    input: v.object({ id: Id }),
    reply: v.object({ was_quarantined: v.boolean() }),
  },
  healthz: {
    method: "GET",
    path: "/healthz",
    access: "open",
    summary: "The process is alive.",
    input: v.object({}),
    reply: v.object({ ok: v.literal(true), version: v.string() }),
  },
  readyz: {
    method: "GET",
    path: "/readyz",
    access: "people",
    summary: "The master can do its work; otherwise 503 with what keeps it from it.",
    input: v.object({}),
    reply: v.object({ ready: v.boolean(), problems: v.array(v.string()) }),
  },
} as const satisfies Record<string, EndpointShape>;
