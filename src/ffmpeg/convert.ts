import { rm } from "node:fs/promises";
import type { Capabilities } from "../shared/capabilities.ts";
import type { Container, Conversion } from "../shared/conversion.ts";
import type { FilmRules } from "../shared/film-rules.ts";
import type { GpuFact, GpuUse } from "../shared/gpu.ts";
import type { AttemptReport, MadeBeside, Progress } from "../shared/job.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { runAimed } from "./aimed.ts";
import type { KillGraces } from "./encode.ts";
import { inspect } from "./inspect.ts";
import {
  afterOthers,
  blameOf,
  type Failure,
  failureNote,
  learnFromFailure,
  learnFromSuccess,
  nextRung,
} from "./ladder.ts";
import { lookAtFilm } from "./look.ts";
import { lookAtJoins } from "./look-joins.ts";
import { lookAtSound } from "./look-sound.ts";
import { onSource } from "./on-stream.ts";
import { type Plan, plan } from "./plan.ts";
import { chooseScoring, type Scoring } from "./quality-measure.ts";
import { chooseBySpeed, type SpeedInput } from "./rate-trials.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { empty, keepForPeople } from "./tries.ts";

export type ConvertLimits = { job_timeout_ms: number; ffmpeg_timeout_ms: number; stall_timeout_ms: number };

/** `container`: of the film at `target`, whatever its name there is; `beside`: files whose names begin with `target`. */
export type Done = { size: number; container: Container; beside: MadeBeside[] };

export type ConvertResult =
  | ({ outcome: "done"; report: AttemptReport } & Done)
  | (Refusal & { report: AttemptReport });

type ConvertInput = {
  /** A file's path, or a stream's address (see isStream). */
  source: string;
  target: string;
  conversion: Conversion;
  rules?: FilmRules | undefined;
  capabilities: Capabilities;
  gpu: GpuUse;
  limits: ConvertLimits;
  onProgress: (progress: Progress) => void;
  onGpuFact?: (fact: GpuFact) => void;
  /** Where several films are converted at once: waits until this one may measure speeds (SpeedInput). */
  awaitTurn?: SpeedInput["awaitTurn"];
  signal: AbortSignal;
  graces?: KillGraces;
};

/**
 * One attempt at a film, without any network but a stream's own: probe, plan, encode, verify, fsync; where a GPU fails, again on the next
 * rung of the film's ladder. Writes only `target` (size in bytes when done), and leaves nothing there unless it is
 * done. Limits are milliseconds, 0 for none. An abort ends as a retryable "cancelled". Throws VcError("ffmpeg") if the
 * programs do not start, VcError("storage") if the source cannot be read.
 */
export async function convertFile(input: ConvertInput): Promise<ConvertResult> {
  const report: AttemptReport = {};
  const deadline = input.limits.job_timeout_ms > 0 ? AbortSignal.timeout(input.limits.job_timeout_ms) : null;
  const signal = deadline === null ? input.signal : AbortSignal.any([input.signal, deadline]);
  let kept = false;
  try {
    const ended = await onSource({ ...input, signal }, () => attempt({ ...input, signal }, report));
    kept = "size" in ended;
    if ("size" in ended) {
      const { size, container, beside } = ended;
      return { outcome: "done", size, container, beside, report };
    }
    if (ended.refusal.reason !== "cancelled") return { ...ended.refusal, report };
    return { ...stopped(input, deadline), report };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { ...stopped(input, deadline), report };
  } finally {
    if (!kept) await rm(input.target, { force: true });
  }
}

/** Whoever gave the attempt up first: a person (or a drain), or the clock. */
function stopped({ signal, limits }: ConvertInput, deadline: AbortSignal | null): Refusal {
  if (deadline?.aborted === true && !signal.aborted) return jobTimeout(limits);
  return { outcome: "retry", reason: "cancelled", message: "The attempt was stopped on request." };
}

type Ended = Done | { refusal: Refusal };
type Reshaped = { reshaped: VideoStream };

async function attempt(given: ConvertInput, report: AttemptReport): Promise<Ended> {
  const { conversion, capabilities, signal } = given;
  given.onProgress({ stage: "probing", percent: 0, fps: null, speed: null, eta_s: null });
  const inspected = await inspect({
    ffprobe_path: capabilities.ffmpeg.ffprobe_path,
    path: given.source,
    signal,
  });
  if ("refusal" in inspected) return inspected;
  const { ffmpeg } = capabilities;
  const joined = await lookAtJoins({ ...ffmpeg, path: given.source, media: inspected.media, signal });
  if ("refusal" in joined) return joined;
  const { path } = joined;
  const input = { ...given, source: path };
  const copies = conversion.audio_codec === "copy";
  const heard = await lookAtSound({ ffmpeg, path, media: joined.media, copies, signal });
  const media = await lookAtFilm({ ffmpeg, path, media: heard, signal });
  if (media.duration_s !== null) report.source_duration = media.duration_s;
  const ended = await make(input, media, report);
  if (!("reshaped" in ended)) return ended;
  const { reshaped } = ended;
  const video = media.video.map((one) => (one.index === reshaped.index ? reshaped : one));
  const again = await make(input, { ...media, video }, report);
  if ("reshaped" in again) throw new Error("a film whose shapes are known was watched for others");
  return again;
}

/** From what is known of a film to its result. */
async function make(input: ConvertInput, media: MediaInfo, report: AttemptReport): Promise<Ended | Reshaped> {
  const { conversion, capabilities } = input;
  const { ffmpeg } = capabilities;
  const planned = plan({ media, conversion, capabilities, gpu: input.gpu, rules: input.rules });
  if ("refusal" in planned) return planned;
  const scoring = await chooseScoring({ ...input, ffmpeg_path: ffmpeg.path });
  if (scoring !== null && "missing" in scoring) return refusal("retry", "worker_error", scoring.missing);
  const onGpuFact = input.onGpuFact ?? (() => undefined);
  const awaitTurn = input.awaitTurn ?? (async () => input.gpu.rates);
  const chosen = await chooseBySpeed({ ...input, media, ladder: planned.ladder, awaitTurn, onGpuFact });
  return climb({ ...input, onGpuFact, scoring }, { media, ...chosen }, report);
}

/** Down the ladder, rung by rung, until one has made the film or the rest cannot help. */
async function climb(
  input: ConvertInput & { onGpuFact: (fact: GpuFact) => void; scoring: Scoring | null },
  { media, ladder, dropped }: { media: MediaInfo; ladder: Plan[]; dropped: PassedOver[] },
  report: AttemptReport,
): Promise<Ended | Reshaped> {
  const failures: Failure[] = [];
  let rung = nextRung(ladder, failures);
  if (rung === null) throw new Error("a ladder without a rung");
  for (;;) {
    const plan = climbedTo(rung, dropped, failures);
    if (input.gpu.device !== null && plan.rung.device === null) input.onGpuFact({ type: "unused" });
    const { verify } = input.conversion;
    const run = { ...input, ffmpeg: input.capabilities.ffmpeg, plan, media, verify };
    const ended = await runAimed(run, report);
    if ("made" in ended) {
      report.notes = [...(report.notes ?? []), ...failureNote(plan, failures)];
      for (const fact of learnFromSuccess({ ...ended.made, plan, failures })) input.onGpuFact(fact);
      return ended.made;
    }
    if ("reshaped" in ended) {
      keepForPeople(report, { plan, message: RESHAPED });
      await empty(input.target);
      return ended;
    }
    const failure = { plan: rung, ...ended };
    failures.push(failure);
    for (const fact of learnFromFailure(failure)) input.onGpuFact(fact);
    rung = nextRung(ladder, failures);
    if (rung === null) return ended;
    keepForPeople(report, { plan, message: `${blameOf(ended.refusal)}.` });
    await empty(input.target);
  }
}

const RESHAPED =
  "The film's pictures change their shape where nobody had looked before; it was planned and made anew.";

type PassedOver = { plan: Plan; why: string };

function climbedTo(plan: Plan, dropped: PassedOver[], failures: Failure[]): Plan {
  const failed = failures.map((one) => ({ plan: one.plan, why: `failed: ${blameOf(one.refusal)}` }));
  return { ...plan, summary: afterOthers(plan, [...dropped, ...failed]) };
}

function jobTimeout({ job_timeout_ms }: ConvertLimits): Refusal {
  const message = `The attempt as a whole took longer than job_timeout (${job_timeout_ms / 1000} s).`;
  return { outcome: "retry", reason: "job_timeout", message };
}
