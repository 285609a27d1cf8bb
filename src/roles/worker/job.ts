import { lstat, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { convertFile } from "../../ffmpeg/convert.ts";
import { isStream } from "../../ffmpeg/guard.ts";
import { headStream } from "../../ffmpeg/source-stream.ts";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Rate } from "../../shared/gpu.ts";
import type { Reason } from "../../shared/job.ts";
import type { AttemptResult, AttemptTask, FromChild, ToChild } from "./messages.ts";

/**
 * The child process of one attempt (`vc __job`): alone runs ffmpeg, so that killing it kills the tree.
 * Ends when its work is done, when it is told to stop, and when its parent is gone.
 * Resolves with the process's exit code.
 */
export async function runJob(): Promise<number> {
  const stopping = new AbortController();
  const started = Promise.withResolvers<AttemptTask | null>();
  const turn = Promise.withResolvers<Rate[]>();
  process.on("message", (message: ToChild) => {
    if (message.type === "start") started.resolve(message.task);
    else if (message.type === "turn") turn.resolve(message.rates);
    else stopping.abort();
  });
  process.on("disconnect", () => {
    stopping.abort();
    started.resolve(null);
  });
  // Some service managers signal every process of a service; only the parent decides what becomes of the attempt.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  const task = await started.promise;
  if (task === null) return 1;
  const result = await attempt(task, { stopping: stopping.signal, turn: turn.promise });
  await tell({ type: "result", result });
  process.disconnect?.();
  return 0;
}

async function attempt(
  task: AttemptTask,
  { stopping, turn }: { stopping: AbortSignal; turn: Promise<Rate[]> },
): Promise<AttemptResult> {
  const watch = watchSource(task);
  try {
    const obstacle = (await checkSource(task)) ?? (await reserveTarget(task.target));
    if (obstacle !== null) return obstacle;
    const signal = AbortSignal.any([stopping, watch.signal]);
    const result = await convertFile({
      source: task.source,
      target: task.target,
      conversion: task.order.conversion,
      rules: task.order.rules,
      capabilities: task.capabilities,
      gpu: task.gpu,
      limits: task.limits,
      onProgress: (progress) => void tell({ type: "progress", progress }),
      onGpuFact: (fact) => void tell({ type: "gpu", fact }),
      awaitTurn: (signal) => {
        void tell({ type: "turn" });
        return unlessAborted(turn, signal);
      },
      signal,
    });
    return result.outcome === "done" ? result : (watch.lost() ?? result);
  } catch (error) {
    if (error instanceof VcError && error.code === "storage" && isDenied(error.cause))
      return unreadable(task);
    const gone = error instanceof VcError && error.code === "ffmpeg";
    return refuse("retry", gone ? "ffmpeg_missing" : "worker_error", messageOf(error));
  } finally {
    watch.end();
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const give_up = () => reject(signal.reason);
    if (signal.aborted) give_up();
    signal.addEventListener("abort", give_up, { once: true });
    promise.then(resolve, reject);
  });
}

/** Looks now and then whether the source is still there and the same: hours of work on another one are for nothing. */
function watchSource(task: AttemptTask) {
  const gone = new AbortController();
  let lost: AttemptResult | null = null;
  let looking = false;
  const timer = setInterval(async () => {
    // A mount that hangs keeps each look, and a thread with it.
    if (looking) return;
    looking = true;
    const obstacle = await checkSource(task);
    looking = false;
    // A mount that is away for a moment comes back, or ffmpeg fails by itself.
    if (obstacle === null || !("reason" in obstacle) || !OUT_OF_DATE.includes(obstacle.reason)) return;
    lost ??= obstacle;
    gone.abort();
  }, task.watch_ms);
  return { signal: gone.signal, lost: () => lost, end: () => clearInterval(timer) };
}

const OUT_OF_DATE: readonly Reason[] = ["source_changed", "source_missing"];

/** The source must be the file that the master queued, seen through a mount that is alive. */
async function checkSource(task: AttemptTask): Promise<AttemptResult | null> {
  if (isStream(task.source)) return checkStream(task.source);
  const lost = task.canary === null ? null : await checkMount(task.canary);
  if (lost !== null) return refuse("retry", "mount_lost", lost);
  try {
    const link = await symlinkOnTheWay(task);
    if (link !== null) {
      const message = `${link} is a symlink by now, so ${task.source} is not read through it.`;
      return refuse("retry", "source_changed", message);
    }
    const seen = await lstat(task.source, { bigint: true });
    if (!seen.isFile()) return refuse("skipped", "source_missing", `${task.source} is no file any more.`);
    const { size, mtimeNs } = seen;
    const { source_size, source_mtime_ns } = task.order;
    if (Number(size) === source_size && sameTime(mtimeNs, BigInt(source_mtime_ns))) return null;
    return refuse("retry", "source_changed", `The source ${task.source} has changed since it was queued.`);
  } catch (error) {
    if (isDenied(error)) return unreadable(task);
    if (systemCode(error) !== "ENOENT") return refuse("retry", "worker_error", messageOf(error));
    return refuse("skipped", "source_missing", `The source ${task.source} is gone.`);
  }
}

/** The worker asks the master with every piece, and ends this process where the film is not to be had for good. */
async function checkStream(source: string): Promise<AttemptResult | null> {
  const head = await headStream(source).catch(() => null);
  if (head?.status === 200) return null;
  return refuse("retry", "transfer_failed", "The film cannot be read from the master.");
}

/** The master follows none below its root: one that is there now was put there since, and may lead anywhere. */
async function symlinkOnTheWay({ source_root, source }: AttemptTask): Promise<string | null> {
  for (let path = source; path.length > source_root.length && path !== dirname(path); path = dirname(path)) {
    if ((await lstat(path)).isSymbolicLink()) return path;
  }
  return null;
}

/** The mount is alive, so that it is about this film or its folder. */
function isDenied(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(systemCode(error) ?? "");
}

function unreadable({ source }: AttemptTask): AttemptResult {
  const uid = process.geteuid?.();
  const user = uid === undefined ? "This worker's user" : `This worker's user (uid ${uid})`;
  const message = `${user} may not read ${source}: give it the right to.`;
  return refuse("retry", "source_unreadable", message);
}

/**
 * Makes the staging file, empty: everyone may write in its folder, and ffmpeg would follow a link, or write into
 * another user's file, that lies there under the name.
 */
async function reserveTarget(target: string): Promise<AttemptResult | null> {
  try {
    // Only this user's own file goes, left by an earlier start of the same attempt.
    await rm(target, { force: true });
    await (await open(target, "wx")).close();
    return null;
  } catch (error) {
    const message = `The staging file ${target} cannot be made: ${messageOf(error)}.`;
    return refuse("retry", systemCode(error) === "ENOSPC" ? "disk_full" : "worker_error", message);
  }
}

async function checkMount({ path, text }: { path: string; text: string }): Promise<string | null> {
  try {
    if ((await readFile(path, "utf8")).trim() === text) return null;
    return `${path} is not the master's file any more: another folder seems to be mounted here.`;
  } catch (error) {
    return `The storage is not reachable: ${messageOf(error)}.`;
  }
}

/** File systems of the network round times: FAT to two seconds, SMB to 100 ns. */
function sameTime(here_ns: bigint, there_ns: bigint): boolean {
  const difference = here_ns > there_ns ? here_ns - there_ns : there_ns - here_ns;
  return difference <= 2_000_000_000n;
}

function refuse(outcome: "retry" | "skipped", reason: Reason, message: string): AttemptResult {
  return { outcome, reason, message, report: {} };
}

function tell(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}
