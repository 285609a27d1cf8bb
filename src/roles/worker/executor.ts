import { rm } from "node:fs/promises";
import type { Subprocess } from "bun";
import { messageOf } from "../../shared/errors.ts";
import type { Progress } from "../../shared/job.ts";
import { hasProcessGroups, selfCommand } from "../../shared/platform.ts";
import { withoutTokens } from "../../shared/token.ts";
import type { GpuLease } from "./gpus.ts";
import type { AttemptResult, AttemptTask, FromChild, ToChild } from "./messages.ts";

/** How long a child that was told to stop may take to end its ffmpeg before it is killed. */
const STOP_GRACE_MS = 5000;
/** From then on one that is still there waits inside the kernel, for a mount that hangs: it is left behind. */
const GONE_MS = 3000;
const TAIL_BYTES = 8192;
/** A program that outlives its parent may keep the pipe open: the end of what was written is not worth waiting for it. */
const TAIL_WAIT_MS = 1000;

export type Execution = {
  progress(): Progress;
  /** Ends ffmpeg and the child; `finished` then says `stopped`. */
  stop(): void;
  finished: Promise<AttemptResult | { outcome: "stopped" }>;
};

/**
 * Runs one attempt in a child process of this executable. `finished` never rejects: a child that dies
 * without a word is a retryable failure with the end of what it wrote. Unless the outcome is `done`,
 * the target is removed, by `remove`.
 */
export function execute(
  task: AttemptTask,
  command = [...selfCommand(), "__job"],
  gpu: GpuLink = NO_LINK,
  remove: Remove = (path) => rm(path, { force: true }),
): Execution {
  try {
    return start(task, { command, gpu, remove });
  } catch (error) {
    const message = `The process of this attempt could not be started: ${messageOf(error)}.`;
    return ended({ outcome: "retry", reason: "worker_error", message, report: {} });
  }
}

/** What the child tells of its GPU, and asks of the others that use it. */
export type GpuLink = Pick<GpuLease, "learn" | "turn">;

const NO_LINK: GpuLink = { learn: () => undefined, turn: async () => [] };

/** Deletes a file, where it is. */
export type Remove = (path: string) => Promise<void>;

/** An execution that is over before it began. */
export function ended(result: AttemptResult): Execution {
  return { progress: () => AT_FIRST, stop: () => {}, finished: Promise.resolve(result) };
}

const AT_FIRST: Progress = { stage: "probing", percent: 0, fps: null, speed: null, eta_s: null };

function start(
  task: AttemptTask,
  { command, gpu, remove }: { command: string[]; gpu: GpuLink; remove: Remove },
): Execution {
  let progress = AT_FIRST;
  let result: AttemptResult | null = null;
  let stopped = false;
  const left = Promise.withResolvers<void>();
  const child = Bun.spawn(command, {
    env: childEnvironment(),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    // Ctrl-C and signals to a whole group are for the worker alone, which drains: they would end ffmpeg, too.
    detached: hasProcessGroups(),
    ipc(message: FromChild) {
      if (message.type === "progress") progress = message.progress;
      else if (message.type === "gpu") gpu.learn(message.fact);
      else if (message.type === "turn") void gpu.turn().then((rates) => send(child, { type: "turn", rates }));
      else if (message.type === "result") result = message.result;
    },
  });
  send(child, { type: "start", task });
  const tail = readTail(child.stderr);

  const finish = async (): Promise<AttemptResult | { outcome: "stopped" }> => {
    await Promise.race([child.exited, left.promise]);
    if (!stopped && result?.outcome === "done") return result;
    await remove(task.target).catch(() => {});
    if (stopped) return { outcome: "stopped" };
    if (result !== null) return result;
    await Promise.race([tail.ended, Bun.sleep(TAIL_WAIT_MS)]);
    return crashed(child, tail.read());
  };
  return {
    progress: () => progress,
    stop() {
      if (stopped) return;
      stopped = true;
      send(child, { type: "stop" });
      let timer = setTimeout(() => {
        child.kill("SIGKILL");
        timer = setTimeout(left.resolve, GONE_MS);
      }, STOP_GRACE_MS);
      void child.exited.then(() => clearTimeout(timer));
    },
    finished: finish(),
  };
}

/** `--no-orphans` ends the child and its ffmpeg when this process dies; the token is none of ffmpeg's business. */
function childEnvironment(): Record<string, string | undefined> {
  return { ...withoutTokens(process.env), BUN_OPTIONS: "--no-orphans" };
}

function send(child: Subprocess, message: ToChild): void {
  try {
    child.send(message);
  } catch {
    // The child is gone already; `exited` tells so.
  }
}

function crashed(child: Subprocess, tail: string): AttemptResult {
  const how = child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
  return {
    outcome: "retry",
    reason: "worker_error",
    message: `The process of this attempt ended without a result (${how}).`,
    report: { log_tail: tail },
  };
}

function readTail(stream: ReadableStream<Uint8Array>): { read(): string; ended: Promise<void> } {
  let tail = "";
  const decoder = new TextDecoder();
  const drain = async () => {
    for await (const chunk of stream) {
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-TAIL_BYTES);
    }
  };
  return { read: () => tail, ended: drain().catch(() => {}) };
}
