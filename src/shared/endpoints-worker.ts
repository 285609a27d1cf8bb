import * as v from "valibot";
import { count, type EndpointShape, flag, Id, Text } from "./endpoint.ts";
import { ERRORS, type ErrorCode } from "./errors.ts";
import { AttemptReport, FAILURE_OUTCOMES, Job, JobOrder, JobStatus, Output, Reason } from "./job.ts";
import { Heartbeat, HeldAttempt } from "./worker.ts";

/** What workers call. Their order is told in protocol.ts. */

/** As many as a claim may bring. */
const MOST_TOGETHER = 64;

const JobStatusReply = v.object({ ok: v.literal(true), status: JobStatus });
const FailureReport = v.object({
  job_id: Id,
  attempt: v.optional(count(1e9)),
  error_message: Text(65_536),
  outcome: v.optional(v.picklist(FAILURE_OUTCOMES)),
  reason: v.optional(Reason),
  report: v.optional(AttemptReport),
});
const Refused = v.object({
  ok: v.literal(false),
  error: v.picklist(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: v.string(),
});
const ClaimReply = v.nullable(v.union([v.object({ jobs: v.array(JobOrder) }), Job]));

export const workerEndpoints = {
  register: {
    method: "POST",
    path: "/api/worker/register",
    access: "worker",
    summary: "A worker process says that it has started.",
    input: v.object({
      worker_id: Id,
      session: Id,
      hostname: Text(300),
      version: Text(100),
      concurrency: count(10_000),
      /** Attempts of an earlier process of this worker whose films are whole: this one goes on to hand them in. */
      finished: v.optional(v.pipe(v.array(v.object({ job_id: Id, attempt: count(1e9) })), v.maxLength(1000))),
    }),
    reply: v.object({
      lease_ms: v.number(),
      /** The master's own view of its folders; `nonce` is what prove_mount's canary holds. */
      storage: v.object({
        root: v.string(),
        source_root: v.string(),
        output_base: v.string(),
        nonce: v.string(),
        output_mode: v.number(),
      }),
    }),
  },
  prove_mount: {
    method: "POST",
    path: "/api/worker/prove-mount",
    access: "worker",
    summary:
      "A worker wrote `nonce` into OUTPUT_BASE/.vc/`canary`; the master says whether it sees it, and names sources to compare.",
    input: v.object({ worker_id: Id, session: Id, canary: Text(300) }),
    reply: v.object({
      seen: v.boolean(),
      samples: v.array(
        v.object({
          source_rel: v.string(),
          size: v.number(),
          mtime_ns: v.string(),
          /** SHA-256 of the first 64 KiB. */
          head_sha256: v.string(),
        }),
      ),
    }),
  },
  next_job: {
    method: "GET",
    path: "/api/worker/next-job",
    access: "worker",
    summary: "Claims one job, or with protocol=2 up to `max`; 204 when there is none.",
    input: v.object({
      worker_id: Id,
      gpu_available: v.optional(flag),
      protocol: v.optional(
        v.pipe(
          v.union([v.literal("2"), v.literal(2)]),
          v.transform(() => 2 as const),
        ),
      ),
      session: v.optional(Id),
      claim_id: v.optional(Id),
      max: v.optional(count(MOST_TOGETHER)),
      /** Milliseconds to wait for work. */
      wait_ms: v.optional(count(60_000)),
    }),
    reply: ClaimReply,
  },
  job_progress: {
    method: "POST",
    path: "/api/worker/job-progress",
    access: "worker",
    summary: "Live progress of attempts; renews their leases.",
    input: v.object({
      worker_id: Id,
      session: v.optional(Id),
      held: v.pipe(v.array(HeldAttempt), v.maxLength(1000)),
    }),
    /** `stop`: attempts that must be ended and thrown away. */
    reply: v.object({
      stop: v.array(v.object({ job_id: v.string(), attempt: v.number() })),
      draining: v.boolean(),
    }),
  },
  job_complete: {
    method: "POST",
    path: "/api/worker/job-complete",
    access: "worker",
    summary: "Hands in a verified film; answered once it is published, or refused for good.",
    input: v.object({
      job_id: Id,
      worker_id: Id,
      attempt: v.optional(count(1e9)),
      output_size: v.optional(count(Number.MAX_SAFE_INTEGER)),
      outputs: v.optional(v.pipe(v.array(Output), v.minLength(1), v.maxLength(100))),
      report: v.optional(AttemptReport),
    }),
    reply: JobStatusReply,
  },
  job_failed: {
    method: "POST",
    path: "/api/worker/job-failed",
    access: "worker",
    summary: "Reports an attempt that made no film.",
    input: v.object({ worker_id: Id, ...FailureReport.entries }),
    reply: JobStatusReply,
  },
  jobs_failed: {
    method: "POST",
    path: "/api/worker/jobs-failed",
    access: "worker",
    summary:
      "Reports several attempts that made no film, each as job-failed does; one refused hinders no other.",
    input: v.object({
      worker_id: Id,
      reports: v.pipe(v.array(FailureReport), v.minLength(1), v.maxLength(MOST_TOGETHER)),
    }),
    /** In the order of the reports. */
    reply: v.object({ answers: v.array(v.union([JobStatusReply, Refused])) }),
  },
  heartbeat: {
    method: "POST",
    path: "/api/worker/heartbeat",
    access: "worker",
    summary: "How a worker does; renews the leases of all that it holds.",
    input: Heartbeat,
    reply: v.object({
      stop: v.array(v.object({ job_id: v.string(), attempt: v.number() })),
      draining: v.boolean(),
    }),
  },
  control: {
    method: "GET",
    path: "/api/worker/control",
    access: "worker",
    summary: "Waits until the worker must stop an attempt or drain. `seen` is the version of the last reply.",
    input: v.object({
      worker_id: Id,
      session: Id,
      seen: v.optional(Text(100)),
      wait_ms: v.optional(count(60_000)),
    }),
    reply: v.object({
      version: v.string(),
      stop: v.array(v.object({ job_id: v.string(), attempt: v.number() })),
      draining: v.boolean(),
    }),
  },
} as const satisfies Record<string, EndpointShape>;
