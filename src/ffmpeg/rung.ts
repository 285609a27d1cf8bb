import { open, stat } from "node:fs/promises";
import type { FfmpegInfo } from "../shared/capabilities.ts";
import { type Container, type Conversion, isLossless } from "../shared/conversion.ts";
import { systemCode } from "../shared/errors.ts";
import { type FilmRules, NO_FILM_RULES } from "../shared/film-rules.ts";
import type { AttemptReport, MadeBeside, Progress } from "../shared/job.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { args, commandLine } from "./args.ts";
import { makeBeside, removeBeside } from "./beside.ts";
import { check } from "./check.ts";
import { layOutCovers } from "./covers.ts";
import { type EncodeRun, encode, type KillGraces, type Most } from "./encode.ts";
import { howEnded, judgeRun } from "./encode-outcome.ts";
import { type Failure, withStallLimit } from "./ladder.ts";
import { memoryLimit, sizeLimit } from "./limits.ts";
import type { Damage } from "./log.ts";
import { isAway } from "./on-stream.ts";
import type { Plan } from "./plan.ts";
import { notSmaller, tooLargeFrom } from "./plan-rules.ts";
import { toProgress } from "./progress.ts";
import type { Scoring } from "./quality-measure.ts";
import { scoreResult, tellMissed } from "./quality-score.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { type ShapeWatch, watchShapes } from "./shape-watch.ts";

/**
 * `source_damaged`: the film was made, but ffmpeg complained about its source. `missed`: it was, but scores so much too
 * little. `reshaped`: its pictures change their shape where nobody had looked before, and it is to be planned anew.
 */
export type RungEnd =
  | { made: { size: number; source_damaged: boolean; container: Container; beside: MadeBeside[] } }
  | { refusal: Refusal; how: Failure["how"]; missed?: number }
  | { reshaped: VideoStream };

export type RungInput = {
  ffmpeg: FfmpegInfo;
  plan: Plan;
  media: MediaInfo;
  source: string;
  target: string;
  verify: Conversion["verify"];
  /** How results are scored, where they are; and whether one that is not as good as wished is handed in all the same. */
  scoring: Scoring | null;
  may_miss?: boolean;
  rules?: FilmRules | undefined;
  limits: { ffmpeg_timeout_ms: number; stall_timeout_ms: number };
  graces?: KillGraces | undefined;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
};

/**
 * One rung of the ladder from its first frame to the flushed and verified file: `target` is written over. What a
 * person may want to know is put into `report` as it happens. Rejects when `signal` aborts after the encode.
 */
export async function runRung(input: RungInput, report: AttemptReport): Promise<RungEnd> {
  const { limits } = input;
  const covers = await layOutCovers({ ...input, ffmpeg_path: input.ffmpeg.path });
  const plan = covers === null ? withoutCovers(input.plan) : input.plan;
  const { index } = plan.video;
  const watch = await watchShapes({ ffmpeg: input.ffmpeg, path: input.source, media: input.media, index });
  const run = await encodeTimed({ ...input, plan }, report, { covers: covers?.paths ?? [], watch }).finally(
    covers?.remove,
  );
  const how = howEnded(run);
  const large = await tooLarge(input, run);
  if (large !== null) return { ...large, how };
  const failed = judgeRun(run, withStallLimit(plan.rung, limits));
  const reshaped =
    failed === null || MAY_BE_SHAPE.includes(failed.reason) ? await watch?.look(input.signal) : null;
  if (reshaped) return { reshaped };
  if (failed !== null) return { refusal: failed, how };
  input.onProgress({ stage: "verifying", percent: 100, fps: null, speed: null, eta_s: null });
  const started_ms = performance.now();
  const checked = await check({
    ...{ ffmpeg: input.ffmpeg, plan, target: input.target, signal: input.signal },
    ...{ source: { path: input.source, media: input.media }, verify: input.verify },
    damage: withLost(run.log.damage, index, watch?.lost() ?? 0),
  });
  if ("refusal" in checked) return { ...checked, how };
  const scored = await score({ ...input, plan }, report);
  if ("refusal" in scored) return { ...scored, how };
  report.verified = input.verify;
  report.notes = [
    ...[...plan.notes, ...checked.notes, ...scored.notes],
    ...(run.stopped === "end_hang" ? [END_HANG] : []),
  ];
  const beside = await makeBeside({ ...input, plan });
  if ("refusal" in beside) return { ...beside, how };
  const flushed = await flush(input.target);
  report.verify_ms = Math.round(performance.now() - started_ms);
  if ("refusal" in flushed) {
    await removeBeside({ ...input, plan });
    return { ...flushed, how };
  }
  const source_damaged = run.log.damage.lines > 0;
  return { made: { size: flushed.size, source_damaged, container: plan.container, beside: beside.made } };
}

function withLost(damage: Damage, index: number, lost: number): Damage {
  const undecoded = (damage.undecoded[index] ?? 0) + lost;
  return lost === 0 ? damage : { ...damage, undecoded: { ...damage.undecoded, [index]: undecoded } };
}

/** What a change of shape that nobody knew of may look like. */
const MAY_BE_SHAPE: Refusal["reason"][] = ["ffmpeg_failed", "source_damaged"];

/** What the result is worth, where that is asked for. */
async function score(
  input: RungInput,
  report: AttemptReport,
): Promise<{ notes: string[] } | { refusal: Refusal; missed?: number }> {
  const { scoring, plan, verify, may_miss } = input;
  if (scoring === null) return { notes: [] };
  const scored = await scoreResult({ ...input, scoring });
  if (scored === null) {
    if (verify !== "measured") return { notes: [...scoring.notes, UNMEASURED] };
    return refusal("retry", "verification_failed", `The result is not proven: ${UNMEASURED}`);
  }
  report.score = scored;
  if (scored.met) return { notes: scoring.notes };
  const message = tellMissed({ scored, plan, scoring });
  if (may_miss === true) return { notes: [...scoring.notes, message] };
  if (scored.wanted === null) return refusal("retry", "verification_failed", message);
  const missed = Math.max(0, scored.wanted - scored.score);
  return { ...refusal("permanent", "quality_missed", message), missed };
}

const UNMEASURED = "Its pictures could not be compared with the source's at most places.";

function withoutCovers(plan: Plan): Plan {
  return {
    ...plan,
    covers: [],
    notes: [...plan.notes, "The cover pictures could not be read and were left out."],
  };
}

const END_HANG =
  "ffmpeg had written the whole film but did not exit, as some drivers keep it from doing; it was ended, and the film was verified.";

async function encodeTimed(
  input: RungInput,
  report: AttemptReport,
  { covers, watch }: { covers: string[]; watch: ShapeWatch | null },
): Promise<EncodeRun> {
  const alone = args(input.plan, { ...input, covers });
  const argv = watch === null ? alone : { ...alone, also: watch.also };
  report.plan = input.plan.summary;
  report.notes = input.plan.notes;
  report.command = commandLine(input.ffmpeg.path, argv);
  const started_ms = performance.now();
  const run = await encode({
    ffmpeg_path: input.ffmpeg.path,
    arguments: argv,
    target_path: input.target,
    limits: withStallLimit(input.plan.rung, input.limits),
    most: mostFor(input),
    isStarved: () => isAway(input.source),
    ...(input.graces === undefined ? {} : { graces: input.graces }),
    ...(watch === null ? {} : { onLine: watch.read }),
    signal: input.signal,
    onReport: (now) => input.onProgress(toProgress(now, input.media.duration_s)),
  });
  report.encode_ms = Math.round(performance.now() - started_ms);
  report.log_tail = run.log.tail;
  return run;
}

function mostFor({ plan, media, rules = NO_FILM_RULES }: RungInput): Most {
  const largest = Math.max(0, ...media.video.map(({ width, height }) => width * height));
  const { codec, rate } = plan.video;
  const lossless = isLossless(codec) || codec === "prores" || (rate.kind === "quality" && rate.quality === 0);
  const result_bytes = Math.min(sizeLimit({ media, lossless }), tooLargeFrom({ media, rules }) ?? Infinity);
  return { memory_bytes: memoryLimit(largest), result_bytes };
}

/** Hours of work, and a verification, are spared where the growing result is too large for the rules already. */
async function tooLarge(
  { media, rules = NO_FILM_RULES, target }: RungInput,
  { stopped, code }: EncodeRun,
): Promise<{ refusal: Refusal } | null> {
  const ended = stopped === "end_hang" || (stopped === null && code === 0);
  if (!ended && stopped !== "result_size") return null;
  const limit = tooLargeFrom({ media, rules });
  const size = await stat(target).then(
    (seen) => seen.size,
    () => 0,
  );
  return limit === null || size < limit ? null : notSmaller({ media, rules, size, ended });
}

/** Until the disk has it, a film may still be lost with the power. */
async function flush(target: string): Promise<{ size: number } | { refusal: Refusal }> {
  try {
    const file = await open(target, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    return { size: (await stat(target)).size };
  } catch (error) {
    if (systemCode(error) === "ENOSPC")
      return refusal("retry", "disk_full", "The disk of the results is full.");
    throw error;
  }
}
