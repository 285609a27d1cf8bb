import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Capabilities } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import {
  BIT_DEPTHS,
  type GpuFact,
  type GpuUse,
  type Rate,
  type Rung,
  rungKey,
  SOURCE_CODECS,
} from "../shared/gpu.ts";
import type { Progress } from "../shared/job.ts";
import type { MediaInfo } from "../shared/media.ts";
import { args, commandLine } from "./args.ts";
import { lastError } from "./encode-outcome.ts";
import { inspect } from "./inspect.ts";
import { usesHardware } from "./ladder.ts";
import { createLog, type FfmpegLog } from "./log.ts";
import { type Plan, plan } from "./plan.ts";
import { isScaled } from "./plan-size.ts";
import { NO_REPORT, readProgressLine } from "./progress.ts";
import { dropSlower, rateFrom, rungsToMeasure, type TimedReport } from "./rates.ts";
import { runTool, type ToolRun } from "./tool.ts";
import { type ClipFile, layOutClip, rateClip } from "./trial-clips.ts";

export type SpeedInput = {
  media: MediaInfo;
  ladder: Plan[];
  conversion: Conversion;
  capabilities: Capabilities;
  gpu: GpuUse;
  onGpuFact: (fact: GpuFact) => void;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
};

/**
 * The ladder without the rungs that are no use here: those that are slower than the next one, and those that failed
 * while that was measured. What is not known yet is measured, once for all films, unless Vulkan was asked for by name.
 */
export async function chooseBySpeed(
  input: SpeedInput,
): Promise<{ ladder: Plan[]; dropped: { plan: Plan; why: string }[] }> {
  const { preset } = input.conversion;
  if (input.gpu.use_vulkan !== "auto") return { ladder: input.ladder, dropped: [] };
  if (input.gpu.measures === false) return withoutUnknown(input);
  const { rates, failed } = await measureMissing(input);
  for (const rate of rates) input.onGpuFact({ type: "rate", rate });
  for (const { plan, why } of failed) {
    // The clip is whole: no film has to show first that it can be converted.
    input.onGpuFact({ type: "suspect", suspect: { rung: rungKey(plan.rung), why } });
  }
  const left = input.ladder.filter((one) => failed.every(({ plan }) => plan !== one));
  // Without anything else, what failed on the clip may still be tried on the film.
  const worth = left.length > 0 ? left : input.ladder.slice(-1);
  const { ladder, slower } = dropSlower({ ladder: worth, rates: [...input.gpu.rates, ...rates], preset });
  return { ladder, dropped: [...failed, ...slower] };
}

type Missing = { rates: Rate[]; failed: { plan: Plan; why: string }[] };

/** While another film has the speed measured, those that would disturb it make do with what is known. */
function withoutUnknown({ ladder, gpu, conversion }: SpeedInput): Awaited<ReturnType<typeof chooseBySpeed>> {
  const { preset } = conversion;
  const unknown = rungsToMeasure({ ladder, rates: gpu.rates, preset }).filter(({ rung }) =>
    usesHardware(rung),
  );
  const known = dropSlower({
    ladder: ladder.filter((one) => !unknown.includes(one)),
    rates: gpu.rates,
    preset,
  });
  if (known.ladder.length === 0) return { ladder, dropped: [] };
  const why = "its speed is being measured at this moment";
  return { ladder: known.ladder, dropped: [...unknown.map((plan) => ({ plan, why })), ...known.slower] };
}

async function measureMissing(input: SpeedInput): Promise<Missing> {
  const { signal } = input;
  const { preset } = input.conversion;
  const missing: Missing = { rates: [], failed: [] };
  const wanted = (ladder: Plan[]) => rungsToMeasure({ ladder, rates: input.gpu.rates, preset });
  const clip = wanted(input.ladder).length === 0 ? null : await openClip(input);
  if (clip === null) return missing;
  input.onProgress({ stage: "measuring", percent: 0, fps: null, speed: null, eta_s: null });
  // Some encoders cannot take the clip's size: there is nothing to compare with them.
  const likeness = ({ rung }: Plan) => clip.plans.find((one) => rungKey(one.rung) === rungKey(rung));
  try {
    for (const plan of wanted(input.ladder.filter((one) => likeness(one) !== undefined))) {
      const { rung } = plan;
      const like = likeness(plan);
      if (like === undefined) continue;
      const ffmpeg_path = input.capabilities.ffmpeg.path;
      const found = await measureRate({ ...clip, ffmpeg_path, plan: like, signal });
      if ("fps" in found) missing.rates.push({ rung: rungKey(rung), preset, fps: found.fps });
      else if (usesHardware(rung) && found.why !== null) {
        const why = `failed while its speed was measured: ${found.why}`;
        missing.failed.push({ plan, why });
      }
    }
  } finally {
    await clip.remove();
  }
  return missing;
}

type OpenClip = { folder: string; path: string; plans: Plan[]; remove(): Promise<void> };

/** A clip like the film, and how it would be converted; null where vc carries none. */
async function openClip(input: SpeedInput): Promise<OpenClip | null> {
  const { conversion, capabilities, signal } = input;
  const [best] = input.ladder;
  const clip = best === undefined ? null : clipLike(best.rung);
  if (clip === null) return null;
  const folder = await mkdtemp(join(tmpdir(), "vc-rates-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const path = await layOutClip(clip, folder);
    const inspected = await inspect({ ffprobe_path: capabilities.ffmpeg.ffprobe_path, path, signal });
    const media = "media" in inspected ? inspected.media : null;
    const gpu: GpuUse = { ...input.gpu, suspects: [], rates: [] };
    const settings = { ...conversion, target_resolution: scales(input) ? SCALED : null };
    const planned = media === null ? null : plan({ media, conversion: settings, capabilities, gpu });
    if (planned !== null && "ladder" in planned) return { folder, path, plans: planned.ladder, remove };
    await remove();
    return null;
  } catch (error) {
    await remove();
    throw error;
  }
}

function clipLike({ source_codec, source_bit_depth }: Rung): ClipFile | null {
  const codec = SOURCE_CODECS.find((one) => one === source_codec);
  const bit_depth = BIT_DEPTHS.find((one) => one === source_bit_depth);
  return codec === undefined || bit_depth === undefined ? null : rateClip(codec, bit_depth);
}

/** The rates of a rung hold for all sizes of film: what counts is whether they are to be changed at all. */
function scales({ media, ladder: [best] }: SpeedInput): boolean {
  const film = media.video.find(({ index }) => index === best?.video.index);
  return film !== undefined && best !== undefined && isScaled(film, best.video);
}

/** From the 1920x1080 of the clips. */
const SCALED = { width: 1280, height: 720 };

const WARM_FRAMES = 24;
const FRAMES = 150;
/** A rate that took so long to measure is known well enough by then. */
const LIMIT_MS = 60_000;
/** Some drivers keep an ffmpeg that has written everything from exiting. */
const EXIT_MS = 2000;

/** Frames a second of one plan on the looped clip, after a short run that is thrown away; or why there are none. */
async function measureRate(of: Trial): Promise<{ fps: number } | { why: string | null }> {
  const warm = await runFrames({ ...of, frames: WARM_FRAMES });
  // The CPU is slow at worst; what a GPU cannot do in a short run it is not asked to do in a long one.
  const failed = usesHardware(of.plan.rung) && warm.run.code !== 0;
  const { run, reports, log } = failed ? warm : await runFrames({ ...of, frames: FRAMES });
  const fps = rateFrom(reports);
  if (fps !== null && (run.code === 0 || run.timed_out)) return { fps };
  if (log.disk_full) return { why: null };
  return { why: run.timed_out ? `no frame within ${LIMIT_MS / 1000} s` : lastError(log.tail) };
}

type Trial = { folder: string; path: string; ffmpeg_path: string; plan: Plan; signal: AbortSignal };

async function runFrames(
  of: Trial & { frames: number },
): Promise<{ run: Pick<ToolRun, "code" | "timed_out">; reports: TimedReport[]; log: FfmpegLog }> {
  const log = createLog();
  const reports: TimedReport[] = [];
  const done = new AbortController();
  let report = NO_REPORT;
  const started_ms = performance.now();
  const run = runTool({
    argv: clipCommand(of),
    limit_ms: LIMIT_MS,
    max_bytes: 1_000_000,
    signal: AbortSignal.any([of.signal, done.signal]),
    onOutput: () => undefined,
    onMessage(line) {
      const next = readProgressLine(report, line);
      if (next === null) return log.read(line);
      report = next;
      if (!line.startsWith("progress=")) return;
      reports.push({ frame: report.frame, at_ms: performance.now() - started_ms });
      if (report.ended) setTimeout(() => done.abort(), EXIT_MS).unref();
    },
  });
  const ended = await run.catch((error: unknown) => {
    if (of.signal.aborted || !done.signal.aborted) throw error;
    return { code: 0, timed_out: false };
  });
  return { run: ended, reports, log: log.result() };
}

function clipCommand({ folder, path, ffmpeg_path, plan, frames }: Trial & { frames: number }): string[] {
  const planned = args(plan, { source: path, target: join(folder, "made") });
  return commandLine(ffmpeg_path, {
    ...planned,
    input: [...planned.input, "-stats_period", "0.1", "-stream_loop", "-1"],
    output: [...planned.output, "-frames:v", String(frames)],
  });
}
