import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatQuality, type QualitySearch } from "../shared/quality.ts";
import { type Arguments, GLOBAL } from "./args.ts";
import { turning } from "./args-picture.ts";
import { encoding, filmMap, hardware } from "./args-video.ts";
import { encode } from "./encode.ts";
import { howEnded, judgeRun } from "./encode-outcome.ts";
import { firstTime } from "./frames.ts";
import { fileUrl, readOptions, sourceUrl } from "./guard.ts";
import { type Failure, withStallLimit } from "./ladder.ts";
import { memoryLimit } from "./limits.ts";
import { isAway } from "./on-stream.ts";
import type { Plan } from "./plan.ts";
import { compare, cutTo, sampled, seekBefore, type Window } from "./quality-compare.ts";
import type { Scoring } from "./quality-measure.ts";
import { MEASURE_RECORDS } from "./quality-measures.ts";
import { isIndexed, type Places, samplePlaces, windowAt } from "./quality-places.ts";
import { MOST_TRIES, searchStep } from "./quality-search.ts";
import { settingOf, withQuality } from "./quality-setting.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { RungInput } from "./rung.ts";

export type FindInput = Omit<RungInput, "scoring"> & { scoring: Scoring & { wanted: number } };

type Failed = { refusal: Refusal; how: Failure["how"] };

/**
 * Encodes samples of the film at some settings, one setting after the other as the search wants them, and compares them
 * with the source: which setting makes this film as good as wished, and no better. Refused where no sample could be made.
 * Rejects when `signal` aborts.
 */
export async function findQuality(input: FindInput): Promise<QualitySearch | Failed> {
  const folder = await mkdtemp(join(tmpdir(), SAMPLES_PREFIX));
  try {
    const { plan, media, signal } = input;
    const film = media.video.find(({ index }) => index === plan.video.index);
    const source = { path: input.source, stream: plan.video.index, input: turning(plan.video) };
    const shown_s = await firstTime({ ffmpeg_path: input.ffmpeg.path, film: source, signal });
    const of = { ...input, folder, first_s: shown_s ?? film?.start_s ?? 0 };
    const places = samplePlaces(film?.duration_s ?? media.duration_s);
    const found = await search(of, places);
    if (!("refusal" in found) || isOurs(found)) return found;
    // Not every file can be sought in; its beginning can be read at least.
    return await search(of, { ...places, at_s: [0] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SAMPLES_PREFIX = "vc-samples-";

type SearchInput = FindInput & { folder: string; first_s: number };
type Sample = { at_s: number; score: number; size: number };

async function search(of: SearchInput, places: Places): Promise<QualitySearch | Failed> {
  const { scoring, plan } = of;
  const { slope, slack } = MEASURE_RECORDS[scoring.measure];
  const steps: QualitySearch["steps"] = [];
  let at_s = places.at_s;
  for (;;) {
    const next = searchStep(steps, { wanted: scoring.wanted, slope, slack });
    if (next.type === "take") {
      const { measure, wanted } = scoring;
      const wish = scoring.wish === null ? "" : formatQuality(scoring.wish);
      const found = { taken: next.quality, reached: next.reached };
      return { wish, measure, wanted, places: at_s, sample_s: places.length_s, steps, ...found };
    }
    const wanted = withQuality(plan, next.quality);
    const { samples, failed } = await takeSamples({ ...of, plan: wanted }, { ...places, at_s }, steps.length);
    // A place that cannot be read is no place for a sample; one that could be read must be so again.
    const enough = samples.length > 0 && (steps.length === 0 || failed === null);
    if (!enough || (failed !== null && isOurs(failed))) return failed ?? UNREADABLE;
    at_s = samples.map((sample) => sample.at_s);
    const score = samples.reduce((sum, sample) => sum + sample.score, 0) / samples.length;
    const size = samples.reduce((sum, sample) => sum + sample.size, 0);
    steps.push({ quality: next.quality, setting: settingOf(wanted), size, score });
  }
}

const UNREADABLE: Failed = {
  ...refusal("retry", "ffmpeg_failed", "No sample of the film could be compared with what was made of it."),
  how: "failed",
};

/** Not the place's fault, so that no other place would do better. */
function isOurs({ refusal, how }: Failed): boolean {
  return how !== "failed" || !["ffmpeg_failed", "source_damaged"].includes(refusal.reason);
}

async function takeSamples(
  of: SearchInput,
  places: Places,
  step: number,
): Promise<{ samples: Sample[]; failed: Failed | null }> {
  const samples: Sample[] = [];
  let failed: Failed | null = null;
  for (const [n, at_s] of places.at_s.entries()) {
    const done = (step + n / places.at_s.length) / MOST_TRIES;
    of.onProgress({ ...SEARCHING, percent: Math.round(1000 * Math.min(done, 0.99)) / 10 });
    const sample = await takeSample(of, windowAt(places, at_s, of.first_s));
    if ("refusal" in sample) failed = sample;
    else samples.push({ at_s, ...sample });
    if (failed !== null && isOurs(failed)) break;
  }
  return { samples, failed };
}

const SEARCHING = { stage: "searching", fps: null, speed: null, eta_s: null } as const;

async function takeSample(of: SearchInput, window: Window): Promise<Omit<Sample, "at_s"> | Failed> {
  const { plan, signal } = of;
  const made = join(of.folder, "sample.mkv");
  const limits = withStallLimit(plan.rung, of.limits);
  const indexed = isIndexed(of.media);
  const { width, height } = largestOf(of);
  const run = await encode({
    ...{ ffmpeg_path: of.ffmpeg.path, limits, signal, target_path: made, onReport: () => undefined },
    arguments: sampleArguments({ plan: sampled(plan), source: of.source, made, window, indexed }),
    isStarved: () => isAway(of.source),
    most: { memory_bytes: memoryLimit(width * height), result_bytes: Number.POSITIVE_INFINITY },
    ...(of.graces === undefined ? {} : { graces: of.graces }),
  });
  signal.throwIfAborted();
  const refused = judgeRun(run, limits);
  if (refused !== null) return { refusal: aboutTemporary(refused), how: howEnded(run) };
  const size = await stat(made).then(
    (seen) => seen.size,
    () => 0,
  );
  if (size === 0 || (run.report.frame ?? 0) === 0) return UNREADABLE;
  const compared = await compare({
    ...{ ffmpeg_path: of.ffmpeg.path, plan, measure: of.scoring.measure, source: of.source, indexed, made },
    ...{ shift_s: 0, window: settled(window), limits, signal, graces: of.graces },
  });
  signal.throwIfAborted();
  if (compared.score !== null) return { score: compared.score, size };
  const trouble = judgeRun(compared.run, limits);
  return trouble === null ? UNREADABLE : { refusal: trouble, how: howEnded(compared.run) };
}

/** A sample begins with a keyframe, which is better than most of a film. */
function settled(window: Window): Window {
  return window && { ...window, from_s: window.from_s + SETTLING_S };
}

const SETTLING_S = 1;

function largestOf({ media, plan }: SearchInput): { width: number; height: number } {
  return media.video.find(({ index }) => index === plan.video.index) ?? plan.video;
}

/** Samples are no results. */
function aboutTemporary(refused: Refusal): Refusal {
  if (refused.reason !== "disk_full") return refused;
  return { ...refused, message: `The disk for temporary files (${tmpdir()}) is full.` };
}

/** The film alone, as the whole of it would be made. */
function sampleArguments(of: {
  plan: Plan;
  source: string;
  made: string;
  window: Window;
  indexed: boolean;
}): Arguments {
  const { plan, window } = of;
  return {
    input: [
      ...[...GLOBAL, ...readOptions(of.source), ...turning(plan.video), ...hardware(plan)],
      ...seekBefore(window, of.indexed),
    ],
    source: sourceUrl(of.source),
    output: [
      ...["-map", filmMap(plan.video), ...encoding(plan.video, cutTo(window))],
      ...["-map_chapters", "-1", "-f", "matroska"],
    ],
    target: fileUrl(of.made),
  };
}
