import * as v from "valibot";
import { Time } from "./endpoint.ts";
import { Progress, type Reason } from "./job.ts";

/** `quarantined`: it gets no films for a while, as all that it had failed. */
export const WORKER_STATUSES = ["online", "draining", "quarantined", "offline"] as const;

/** An attempt that failed, as far as it may be its worker's fault. */
export type WorkerFailure = { job_id: string; attempt: number; reason: Reason; message: string };

/** What the queue holds against a worker since its last success; kept over restarts of the master. */
export type WorkerRecord = {
  /** Oldest first; none of a film that failed on another worker, too. */
  failures: WorkerFailure[];
  /** Unix milliseconds until which it gets nothing; null: not quarantined. From then on one film at a time. */
  until_ms: number | null;
  /** How often it was quarantined in a row. */
  times: number;
  /** The newest film that it got to prove itself. */
  probe: { job_id: string; attempt: number } | null;
};

/** An attempt that a worker says it is running. */
export const HeldAttempt = v.object({
  job_id: v.string(),
  attempt: v.pipe(v.number(), v.safeInteger()),
  progress: v.optional(Progress),
});
export type HeldAttempt = v.InferOutput<typeof HeldAttempt>;

/** What workers may say in sentences at most; ours cut what is longer. Characters, but for `warnings`. */
export const WORD_BOUNDS = { doing: 300, warning: 1000, warnings: 20 } as const;

export const GPU_STATES = ["ok", "parked", "failing"] as const;

/** What workers may say of their GPUs at most; ours cut what is longer. Characters, but for `gpus`. */
export const GPU_BOUNDS = { gpus: 32, name: 256, problem: 1000, names: 1000 } as const;

/** One GPU of a worker. */
export const WorkerGpu = v.object({
  name: v.pipe(v.string(), v.maxLength(GPU_BOUNDS.name)),
  /** Percent, of its busiest part; absent while unknown. */
  usage: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
  /** `failing`: some of its work goes to the CPU for now; `parked`: all of it. */
  state: v.picklist(GPU_STATES),
  /** Why it is not ok, in one sentence. */
  problem: v.optional(v.pipe(v.string(), v.maxLength(GPU_BOUNDS.problem))),
});
export type WorkerGpu = v.InferOutput<typeof WorkerGpu>;

/** JSON's 1e999 is a number, which no JSON can say again. */
const Finite = v.pipe(v.number(), v.finite());

/** The heartbeat of the seed's clients, and what our own worker adds. Percentages are 0 to 100. */
export const Heartbeat = v.object({
  worker_id: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  hostname: v.string(),
  vulkan_available: v.boolean(),
  active_jobs: v.pipe(v.number(), v.minValue(0), v.maxValue(1e6)),
  /** For people, but for two: "draining" takes no more jobs, "stopped" is the last word of a worker. */
  status: v.string(),
  timestamp: Time,
  /** Names, joined by a comma. */
  gpu: v.optional(v.pipe(v.string(), v.maxLength(GPU_BOUNDS.names))),
  /** The mean of the GPUs whose load is known; absent where none is. */
  gpu_usage: v.optional(Finite),
  cpu_usage: v.optional(Finite),
  memory_usage: v.optional(Finite),
  session: v.optional(v.string()),
  /** What keeps the worker from working, in one sentence; absent when all is well. */
  problem: v.optional(v.string()),
  /** What it must finish before it takes films; absent otherwise. */
  doing: v.optional(v.pipe(v.string(), v.maxLength(WORD_BOUNDS.doing))),
  /** What people should know although it works, one sentence each. */
  warnings: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(WORD_BOUNDS.warning))), v.maxLength(WORD_BOUNDS.warnings)),
  ),
  held: v.optional(v.array(HeldAttempt)),
  gpus: v.optional(v.pipe(v.array(WorkerGpu), v.maxLength(GPU_BOUNDS.gpus))),
});
export type Heartbeat = v.InferOutput<typeof Heartbeat>;

/** A worker as people see it. */
export const Worker = v.object({
  id: v.string(),
  hostname: v.string(),
  status: v.picklist(WORKER_STATUSES),
  last_heartbeat: v.nullable(v.string()),
  vulkan_available: v.boolean(),
  active_jobs: v.number(),
  concurrency: v.number(),
  gpu_name: v.nullable(v.string()),
  gpu_usage: v.nullable(v.number()),
  /** Empty also for clients of the seed's wire format, which tell a name at most. */
  gpus: v.array(WorkerGpu),
  cpu_usage: v.nullable(v.number()),
  memory_usage: v.nullable(v.number()),
  version: v.nullable(v.string()),
  problem: v.nullable(v.string()),
  /** What it must finish before it takes films, such as the trials at its start; null: nothing. */
  doing: v.nullable(v.string()),
  /** What people should know although it works, such as a GPU that was asked for and is not there. */
  warnings: v.array(v.string()),
  jobs: v.array(v.object({ job_id: v.string(), source_rel: v.string(), progress: v.nullable(Progress) })),
});
export type Worker = v.InferOutput<typeof Worker>;

/** Whether new films go to it. */
export function canClaim({ status, problem }: Pick<Worker, "status" | "problem">): boolean {
  return status === "online" && problem === null;
}
