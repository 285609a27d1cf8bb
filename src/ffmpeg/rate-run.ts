import { join } from "node:path";
import { args, commandLine } from "./args.ts";
import { lastError } from "./encode-outcome.ts";
import { usesHardware } from "./ladder.ts";
import { createLog, type FfmpegLog } from "./log.ts";
import type { Plan } from "./plan.ts";
import { NO_REPORT, readProgressLine } from "./progress.ts";
import { type Counted, MIN_FRAMES, rateFrom, type TimedReport } from "./rates.ts";
import { runTool } from "./tool.ts";

export type RateRun = {
  /** The clip, a folder for the result, and the way to measure. */
  path: string;
  folder: string;
  ffmpeg_path: string;
  plan: Plan;
  /** Milliseconds after which the run is cut; what came until then says how slow it is at least. */
  limit_ms: number;
  signal: AbortSignal;
};

/**
 * How fast one way makes pictures out of the looped clip, after a short run that is thrown away; or why it makes none
 * (null: that says nothing about it). Over 120 frames or more, unless it was cut before.
 */
export async function measureRate(of: RateRun): Promise<Counted | { why: string | null }> {
  const warm = await runFrames({ ...of, frames: WARM_FRAMES });
  if (warm.cut) return rateFrom(warm.reports) ?? NOTHING;
  // The CPU is slow at worst; what a GPU cannot do in a short run it is not asked to do in a long one.
  if (usesHardware(of.plan.rung) && warm.code !== 0) return { why: whyOf(warm) };
  for (let frames = FRAMES; ; frames *= 3) {
    const run = await runFrames({ ...of, frames });
    const counted = rateFrom(run.reports);
    if (run.cut) return counted ?? NOTHING;
    if (counted === null || run.code !== 0) return { why: whyOf(run) };
    // A fast way is over before ffmpeg has told of it often enough.
    if (counted.frames >= MIN_FRAMES || frames >= MOST_FRAMES) return counted;
  }
}

const NOTHING: Counted = { fps: 0, frames: 0 };
const WARM_FRAMES = 24;
const FRAMES = 150;
const MOST_FRAMES = 1350;
/** Without a frame for so long a GPU hangs; slow encoders on the CPU look far ahead before their first one. */
const STALL_MS = 180_000;
/** Some drivers keep an ffmpeg that has written everything from exiting. */
const EXIT_MS = 2000;

type Run = { code: number | null; cut: boolean; stalled: boolean; reports: TimedReport[]; log: FfmpegLog };

function whyOf({ log, stalled }: Run): string | null {
  if (log.disk_full) return null;
  return stalled ? `no frame for ${STALL_MS / 1000} s` : lastError(log.tail);
}

async function runFrames(of: RateRun & { frames: number }): Promise<Run> {
  const log = createLog();
  const reports: TimedReport[] = [];
  const ended = new AbortController();
  const stalled = new AbortController();
  const started_ms = performance.now();
  let report = NO_REPORT;
  const stall_ms = usesHardware(of.plan.rung) ? STALL_MS : 2 * of.limit_ms;
  const waitFor = () => setTimeout(() => stalled.abort(), stall_ms);
  let stall = waitFor();
  const run = runTool({
    argv: clipCommand(of),
    limit_ms: of.limit_ms,
    max_bytes: 1_000_000,
    signal: AbortSignal.any([of.signal, ended.signal, stalled.signal]),
    onOutput: () => undefined,
    onMessage(line) {
      const next = readProgressLine(report, line);
      if (next === null) return log.read(line);
      const moved = next.frame !== report.frame;
      report = next;
      if (moved) {
        clearTimeout(stall);
        stall = waitFor();
      }
      if (!line.startsWith("progress=")) return;
      reports.push({ frame: report.frame, at_ms: performance.now() - started_ms });
      if (report.ended) setTimeout(() => ended.abort(), EXIT_MS).unref();
    },
  });
  try {
    const { code, timed_out } = await run.catch((error: unknown) => {
      if (of.signal.aborted || !(ended.signal.aborted || stalled.signal.aborted)) throw error;
      return { code: ended.signal.aborted ? 0 : null, timed_out: false };
    });
    return { code, cut: timed_out, stalled: stalled.signal.aborted, reports, log: log.result() };
  } finally {
    clearTimeout(stall);
  }
}

function clipCommand({ path, folder, ffmpeg_path, plan, frames }: RateRun & { frames: number }): string[] {
  const planned = args(plan, { source: path, target: join(folder, "made") });
  return commandLine(ffmpeg_path, {
    ...planned,
    input: [...planned.input, "-stats_period", "0.1", "-stream_loop", "-1"],
    output: [...planned.output, "-frames:v", String(frames)],
  });
}
