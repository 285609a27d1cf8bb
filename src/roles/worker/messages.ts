import type { Capabilities } from "../../shared/capabilities.ts";
import type { Container } from "../../shared/conversion.ts";
import type { GpuFact, GpuUse, Rate } from "../../shared/gpu.ts";
import type { AttemptReport, JobOrder, MadeBeside, Progress, Reason } from "../../shared/job.ts";

/** What a worker and the child process of one attempt say to each other, over Bun's IPC. Both are one executable. */

export type AttemptTask = {
  order: JobOrder;
  /** An absolute path on this machine, or the address of a stream (http://127.0.0.1:...). */
  source: string;
  target: string;
  /** Where the sources lie; below it, symlinks are not followed. */
  source_root: string;
  /** The file that proves the mount: `path` must hold `text`. Null where the film does not lie on one. */
  canary: { path: string; text: string } | null;
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

/** `sha256`: of the film, as hex, where it was sent to the master. */
type Made = { size: number; sha256?: string; container: Container; beside: MadeBeside[] };

export type AttemptResult =
  | ({ outcome: "done"; report: AttemptReport } & Made)
  | { outcome: "retry" | "permanent" | "skipped"; reason: Reason; message: string; report: AttemptReport };

export type FromChild =
  | { type: "progress"; progress: Progress }
  | { type: "gpu"; fact: GpuFact }
  /** It wants to measure speeds, which one attempt at a time may do. */
  | { type: "turn" }
  | { type: "result"; result: AttemptResult };
