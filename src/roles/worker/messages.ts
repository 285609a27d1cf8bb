import type { Capabilities } from "../../shared/capabilities.ts";
import type { Container } from "../../shared/conversion.ts";
import type { GpuFact, GpuUse, Rate } from "../../shared/gpu.ts";
import type { AttemptReport, JobOrder, MadeBeside, Progress, Reason } from "../../shared/job.ts";

/** What a worker and the child process of one attempt say to each other, over Bun's IPC. Both are one executable. */

export type AttemptTask = {
  order: JobOrder;
  /** Absolute paths on this machine. */
  source: string;
  target: string;
  /** Where the sources lie; below it, symlinks are not followed. */
  source_root: string;
  /** The file that proves the mount: `path` must hold `text`. */
  canary: { path: string; text: string };
  /** How often to look whether the source is still the same. */
  watch_ms: number;
  capabilities: Capabilities;
  gpu: GpuUse;
  limits: { job_timeout_ms: number; ffmpeg_timeout_ms: number; stall_timeout_ms: number };
};

export type ToChild =
  | { type: "start"; task: AttemptTask }
  /** The answer to `turn`: it may measure now, and this is known by now. */
  | { type: "turn"; rates: Rate[] }
  | { type: "stop" };

export type AttemptResult =
  | { outcome: "done"; size: number; container: Container; beside: MadeBeside[]; report: AttemptReport }
  | { outcome: "retry" | "permanent" | "skipped"; reason: Reason; message: string; report: AttemptReport };

export type FromChild =
  | { type: "progress"; progress: Progress }
  | { type: "gpu"; fact: GpuFact }
  /** It wants to measure speeds, which one attempt at a time may do. */
  | { type: "turn" }
  | { type: "result"; result: AttemptResult };
