import type { QualityScore } from "../shared/quality.ts";
import { turning } from "./args-picture.ts";
import { firstTime } from "./frames.ts";
import { inspect } from "./inspect.ts";
import { withStallLimit } from "./ladder.ts";
import type { Plan } from "./plan.ts";
import { compare } from "./quality-compare.ts";
import type { Scoring } from "./quality-measure.ts";
import { MEASURE_RECORDS, tellScore } from "./quality-measures.ts";
import { isIndexed, randomPlaces, windowAt } from "./quality-places.ts";
import type { RungInput } from "./rung.ts";

type PlaceScore = { at_s: number; score: number };

/**
 * Compares a finished result with its source at places that nobody knew before. Null where most of them could not be
 * compared. Rejects when `signal` aborts.
 */
export async function scoreResult(
  input: RungInput & { scoring: Scoring; random?: () => number },
): Promise<QualityScore | null> {
  const { plan, scoring, signal } = input;
  const ffmpeg_path = input.ffmpeg.path;
  const { ffprobe_path } = input.ffmpeg;
  const made = await inspect({ ffprobe_path, path: input.target, signal });
  if ("refusal" in made) return null;
  const [film] = made.media.video;
  const of_source = { path: input.source, stream: plan.video.index, input: turning(plan.video) };
  const source_s = await firstTime({ ffmpeg_path, film: of_source, signal });
  const of_result = { path: input.target, stream: film?.index ?? 0 };
  const result_s = await firstTime({ ffmpeg_path, film: of_result, signal });
  if (source_s === null || result_s === null) return null;
  const places = randomPlaces(film?.duration_s ?? made.media.duration_s ?? 0, input.random ?? Math.random);
  const scores: PlaceScore[] = [];
  for (const at_s of places.at_s) {
    const { score } = await compare({
      ...{ ffmpeg_path, plan, measure: scoring.measure, source: input.source, made: input.target, signal },
      ...{ indexed: isIndexed(input.media), shift_s: result_s - source_s, graces: input.graces },
      window: windowAt(places, at_s, source_s),
      limits: withStallLimit(plan.rung, input.limits),
    });
    signal.throwIfAborted();
    if (score !== null) scores.push({ at_s, score });
  }
  return 2 * scores.length < places.at_s.length ? null : judgeScores(scores, { plan, scoring });
}

/** Whether the mean is as wished, less the measure's tolerance, and no place is something else than the source. */
export function judgeScores(scores: PlaceScore[], of: Judged): QualityScore | null {
  const { measure, wanted } = of.scoring;
  const worst = scores.reduce<PlaceScore | null>(
    (one, next) => (one === null || next.score < one.score ? next : one),
    null,
  );
  if (worst === null) return null;
  const score = scores.reduce((sum, one) => sum + one.score, 0) / scores.length;
  const least = leastOf(of);
  const met = score >= least.mean && worst.score >= least.place;
  return { measure, score, worst, places: scores.length, wanted, met };
}

type Judged = { plan: Plan; scoring: Pick<Scoring, "measure" | "wish" | "wanted"> };

/**
 * What a result is to score at least, on average and at each place: the wish less the measure's tolerance, or, without
 * one, what is asked of any result, and less of those that are to be bad.
 */
export function leastOf({ plan, scoring }: Judged): { mean: number; place: number } {
  const { floor, tolerance } = MEASURE_RECORDS[scoring.measure];
  const { rate } = plan.video;
  const bad = rate.kind === "bit_rate" || rate.quality > USUAL;
  const place = bad ? floor.bad : floor.place;
  if (scoring.wanted !== null) return { mean: scoring.wanted - tolerance, place };
  return { mean: bad ? floor.bad : floor.mean, place };
}

/** x264's usual range ends there. */
const USUAL = 28;

/** What a result that is not good enough is told to be, in one sentence. */
export function tellMissed(of: Judged & { scored: QualityScore }): string {
  const { measure, score, worst, wanted, places } = of.scored;
  const least = leastOf(of);
  const tell = (value: number) => tellScore(measure, value);
  const place = `${tell(worst.score)} at ${worst.at_s.toFixed(1)} s`;
  if (worst.score < least.place)
    return `The result is not good: it scores ${place}, where a picture of the source scores at least ${tell(least.place)}.`;
  const is = `it scores ${tell(score)} on average of ${places} places (the worst: ${place})`;
  if (wanted === null)
    return `The result is not good: ${is}; at its setting at least ${tell(least.mean)} is expected.`;
  return `The result is not as good as wished: ${is}; ${tell(wanted)} was wanted, and ${tell(least.mean)} is the least that is taken for it.`;
}
