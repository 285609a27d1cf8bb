import { stat } from "node:fs/promises";
import type { Arguments } from "./args.ts";
import { createLog, type FfmpegLog } from "./log.ts";
import { watchMemory } from "./memory.ts";
import { type Exit, startFfmpeg } from "./process.ts";
import { NO_REPORT, type Report, readProgressLine } from "./progress.ts";

/** Why an ffmpeg was stopped from here; `end_hang`: it had finished its work and did not exit. */
export type Stop = "stalled" | "ffmpeg_timeout" | "aborted" | "end_hang" | "memory" | "result_size";

/** What one ffmpeg may take: memory for itself, and its result. */
export type Most = { memory_bytes: number; result_bytes: number };

/**
 * How long an ffmpeg may take after SIGTERM; after its last word, as some GPU drivers keep it from exiting; and after
 * SIGKILL, which does not reach a process that waits inside a driver.
 */
export type KillGraces = { kill_ms: number; end_ms: number; gone_ms: number };

/** `undead`: not even SIGKILL ended it, and it may still hold the file that it had open. */
export type EncodeRun = Exit & { stopped: Stop | null; undead: boolean; log: FfmpegLog; report: Report };

/**
 * Runs one ffmpeg under watch until it has ended. It is stopped when `signal` aborts, after `ffmpeg_timeout_ms`,
 * or when for `stall_timeout_ms` neither its progress nor its output file moved (0: no limit), or when it takes more than
 * `most`: by SIGTERM, and SIGKILL when that does not help; an abort, or a want of memory, kills at once. One that nothing ends is left behind. `target_path` is the plain path of the output file.
 */
export async function encode(of: {
  ffmpeg_path: string;
  arguments: Arguments;
  target_path: string;
  limits: { ffmpeg_timeout_ms: number; stall_timeout_ms: number };
  most?: Most;
  graces?: KillGraces;
  /** Whether it stands still only because its source gives nothing now: then it is waited for. */
  isStarved?: () => Promise<boolean>;
  signal: AbortSignal;
  onReport: (report: Report) => void;
  /** Takes lines of a second output, which say nothing of the film; false for those that are not its own. */
  onLine?: (line: string) => boolean;
}): Promise<EncodeRun> {
  const log = createLog();
  const pulse = createPulse();
  let report = NO_REPORT;
  const onLine = (line: string) => {
    if (of.onLine?.(line) === true) return;
    const next = readProgressLine(report, line);
    if (next === null) return log.read(line);
    report = next;
    if (!line.startsWith("progress=")) return;
    pulse.beat(`${report.frame} ${report.out_time_s} ${report.total_size}`, report.ended);
    of.onReport(report);
  };
  const child = await startFfmpeg({ ffmpeg_path: of.ffmpeg_path, arguments: of.arguments, onLine });
  const watch = startWatch({ graces: GRACES, most: NO_LIMIT, ...of, pulse, ...child });
  try {
    const exit = await Promise.race([child.exited, watch.undead]);
    const { undead, ...how } = { undead: false, ...exit };
    return { ...how, undead, stopped: watch.stopped(), log: log.result(), report };
  } finally {
    watch.end();
  }
}

const NO_LIMIT: Most = { memory_bytes: Number.POSITIVE_INFINITY, result_bytes: Number.POSITIVE_INFINITY };
const WATCH_INTERVAL_MS = 200;
const GRACES: KillGraces = { kill_ms: 3000, end_ms: 10_000, gone_ms: 30_000 };

type Pulse = { beat(sign: string, ended: boolean): void; silent_ms(): number; ended(): boolean };

/** When the last sign of life was that differed from the one before. */
function createPulse(): Pulse {
  let last = "";
  let at_ms = performance.now();
  let ended = false;
  return {
    beat(sign, now_ended) {
      if (sign !== last || now_ended !== ended) at_ms = performance.now();
      last = sign;
      ended = now_ended;
    },
    silent_ms: () => performance.now() - at_ms,
    ended: () => ended,
  };
}

function startWatch(of: {
  target_path: string;
  limits: { ffmpeg_timeout_ms: number; stall_timeout_ms: number };
  most: Most;
  graces: KillGraces;
  isStarved?: () => Promise<boolean>;
  signal: AbortSignal;
  pulse: Pulse;
  pid: number | undefined;
  kill: (signal: "SIGTERM" | "SIGKILL") => void;
}) {
  const started_ms = performance.now();
  let stopped: Stop | null = null;
  let killer: Timer | undefined;
  const undead = Promise.withResolvers<Exit & { undead: true }>();
  let asking = false;
  let file = "";
  let file_at_ms = started_ms;
  const stop = (why: Stop) => {
    if (stopped !== null) return;
    stopped = why;
    // What is made for nobody needs no good end.
    of.kill(why === "aborted" || why === "memory" ? "SIGKILL" : "SIGTERM");
    killer = setTimeout(() => {
      of.kill("SIGKILL");
      const left = { code: null, signal: "SIGKILL", undead: true } as const;
      killer = setTimeout(() => undead.resolve(left), of.graces.gone_ms);
    }, of.graces.kill_ms);
  };
  const look = async () => {
    // Moving an mp4's index to its front takes minutes without progress, but changes the file.
    const seen = await fileSign(of.target_path);
    if (seen.sign !== file) file_at_ms = performance.now();
    file = seen.sign;
    if (seen.size_bytes > of.most.result_bytes) return stop("result_size");
    const silent_ms = Math.min(of.pulse.silent_ms(), performance.now() - file_at_ms);
    const { ffmpeg_timeout_ms, stall_timeout_ms } = of.limits;
    if (ffmpeg_timeout_ms > 0 && performance.now() - started_ms > ffmpeg_timeout_ms)
      return stop("ffmpeg_timeout");
    // What has said its last word stands still because it is done.
    if (of.pulse.ended()) return of.pulse.silent_ms() > of.graces.end_ms ? stop("end_hang") : undefined;
    if (stall_timeout_ms === 0 || silent_ms <= stall_timeout_ms || asking) return;
    asking = true;
    if (await of.isStarved?.()) file_at_ms = performance.now();
    else stop("stalled");
    asking = false;
  };
  const abort = () => stop("aborted");
  const timer = setInterval(() => void look(), WATCH_INTERVAL_MS);
  const onExceeded = () => stop("memory");
  const memory = watchMemory({ pid: of.pid, limit_bytes: of.most.memory_bytes, onExceeded });
  of.signal.addEventListener("abort", abort);
  if (of.signal.aborted) abort();
  return {
    stopped: () => stopped,
    undead: undead.promise,
    end() {
      clearInterval(timer);
      clearTimeout(killer);
      memory.end();
      of.signal.removeEventListener("abort", abort);
    },
  };
}

async function fileSign(path: string): Promise<{ sign: string; size_bytes: number }> {
  const seen = await stat(path, { bigint: true }).catch(() => null);
  if (seen === null) return { sign: "", size_bytes: 0 };
  return { sign: `${seen.size} ${seen.mtimeNs}`, size_bytes: Number(seen.size) };
}
