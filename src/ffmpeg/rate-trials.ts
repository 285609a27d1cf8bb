import type { Capabilities } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import { type GpuFact, type GpuUse, type Rate, rungKey } from "../shared/gpu.ts";
import type { Progress } from "../shared/job.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { inspect } from "./inspect.ts";
import { usesHardware } from "./ladder.ts";
import type { Plan } from "./plan.ts";
import { type ClipFolder, layOutRateClip, likePlan, type RateFilm, rateFilm, rateKind } from "./rate-clip.ts";
import { measureRate } from "./rate-run.ts";
import { type Counted, dropSlower, MIN_FRAMES, rungsToMeasure } from "./rates.ts";

export type SpeedInput = {
  media: MediaInfo;
  ladder: Plan[];
  conversion: Conversion;
  capabilities: Capabilities;
  gpu: GpuUse;
  /** Waits until no other attempt measures, and says what is known by then: two at once would slow each other. */
  awaitTurn: (signal: AbortSignal) => Promise<Rate[]>;
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
  const { ladder, gpu } = input;
  const film = gpu.use_vulkan === "auto" ? rateFilm(input) : null;
  if (film === null) return { ladder, dropped: [] };
  const of = { preset: input.conversion.preset, kind: rateKind(film) };
  if (rungsToMeasure({ ladder, rates: gpu.rates, ...of }).length === 0) {
    const { ladder: kept, slower } = dropSlower({ ladder, rates: gpu.rates, ...of });
    return { ladder: kept, dropped: slower };
  }
  input.onProgress({ stage: "measuring", percent: 0, fps: null, speed: null, eta_s: null });
  const known = await input.awaitTurn(input.signal);
  const { rates, failed } = await measureMissing({ ...input, film, known });
  input.onGpuFact({ type: "measured" });
  const left = ladder.filter((one) => failed.every(({ plan }) => plan !== one));
  // Without anything else, what failed on the clip may still be tried on the film.
  const worth = left.length > 0 ? left : ladder.slice(-1);
  const { ladder: kept, slower } = dropSlower({ ladder: worth, rates: [...known, ...rates], ...of });
  return { ladder: kept, dropped: [...failed, ...slower] };
}

type Found = { rates: Rate[]; failed: { plan: Plan; why: string }[] };

/** Tells each rate, and each rung that failed, as it is known: the next attempt need not measure it again. */
async function measureMissing(input: SpeedInput & { film: RateFilm; known: Rate[] }): Promise<Found> {
  const { film, known, signal, capabilities } = input;
  const of = { preset: input.conversion.preset, kind: rateKind(film) };
  const found: Found = { rates: [], failed: [] };
  const wanted = rungsToMeasure({ ladder: input.ladder, rates: known, ...of });
  const ffmpeg_path = capabilities.ffmpeg.path;
  if (wanted.length === 0) return found;
  const clip = await layOutRateClip(film, { ffmpeg_path, signal });
  try {
    const stream = clip === null ? null : await inspectClip(input, clip);
    for (const plan of wanted) {
      const rung = rungKey(plan.rung);
      const like = stream === null ? null : likePlan(plan, film, stream);
      const alike = found.rates.concat(
        known.filter((one) => one.kind === of.kind && one.preset === of.preset),
      );
      const run = { ffmpeg_path, limit_ms: limitFor(plan, alike), signal };
      const measured =
        clip === null || like === null ? NOTHING : await measureRate({ ...run, ...clip, plan: like });
      const why = "why" in measured ? measured.why : null;
      if (why !== null && usesHardware(plan.rung)) {
        const failed = `failed while its speed was measured: ${why}`;
        found.failed.push({ plan, why: failed });
        // The clip is whole: no film has to show first that it can be converted.
        input.onGpuFact({ type: "suspect", suspect: { rung, why: failed } });
      } else if (why !== null || "fps" in measured) {
        // What cannot be measured is not tried with every film.
        const rate = { rung, ...of, ...("fps" in measured ? measured : NOTHING) };
        found.rates.push(rate);
        input.onGpuFact({ type: "rate", rate });
      }
    }
  } finally {
    await clip?.remove();
  }
  return found;
}

/** Passes nothing over, and is not passed over. */
const NOTHING: Counted = { fps: 0, frames: 0 };

async function inspectClip(
  { capabilities, signal }: SpeedInput,
  { path }: ClipFolder,
): Promise<VideoStream | null> {
  const inspected = await inspect({ ffprobe_path: capabilities.ffmpeg.ffprobe_path, path, signal });
  return "media" in inspected ? (inspected.media.video[0] ?? null) : null;
}

const LONGEST_MS = 600_000;
const SHORTEST_MS = 60_000;

/**
 * A GPU gets the time for 120 frames, unless it makes less than one in five seconds. The CPU gets no more than twice
 * the time of the slowest way that it is compared with: what is slower than that passes nothing over anyway.
 */
function limitFor({ rung }: Plan, rates: Rate[]): number {
  if (usesHardware(rung)) return LONGEST_MS;
  const slowest = Math.min(...rates.filter(({ fps }) => fps > 0).map(({ fps }) => fps));
  if (!Number.isFinite(slowest)) return LONGEST_MS;
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (2 * 1000 * (MIN_FRAMES + 30)) / slowest));
}
