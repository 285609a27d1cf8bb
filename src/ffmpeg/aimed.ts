import type { AttemptReport } from "../shared/job.ts";
import type { QualitySearch } from "../shared/quality.ts";
import type { Plan } from "./plan.ts";
import { findQuality } from "./quality-find.ts";
import type { Scoring } from "./quality-measure.ts";
import { MEASURE_RECORDS, tellScore } from "./quality-measures.ts";
import { BEST_QUALITY, betterQuality } from "./quality-search.ts";
import { settingOf, withQuality } from "./quality-setting.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { type RungEnd, type RungInput, runRung } from "./rung.ts";
import { empty, keepForPeople } from "./tries.ts";

type Sought = Scoring & { wanted: number };

/**
 * One rung of the ladder. Where a quality is wished for, its setting is found first, and a result that is not as good as
 * that is made once more with the next better setting. What still falls short is refused with `verify: measured`, and
 * handed in with a note without.
 */
export async function runAimed(input: RungInput, report: AttemptReport): Promise<RungEnd> {
  const { scoring, plan } = input;
  const wanted = scoring?.wanted ?? null;
  if (scoring === null || wanted === null || plan.video.rate.kind !== "quality")
    return runRung(input, report);
  const sought = { ...scoring, wanted };
  const search = await findQuality({ ...input, scoring: sought });
  if ("refusal" in search) return search;
  report.search = search;
  const hopeless = input.verify === "measured" ? hopelessBy(search, plan) : null;
  if (hopeless !== null) return { refusal: hopeless, how: "failed" };
  const found = withQuality(plan, search.taken);
  const told = withNotes(found, search);
  const better = nextBetter(search, sought);
  const ended = await runRung(
    { ...input, plan: told, may_miss: better !== null ? false : mayMiss(input) },
    report,
  );
  if (!("refusal" in ended) || ended.missed === undefined || better === null) return ended;
  keepForPeople(report, { plan: told, message: ended.refusal.message });
  await empty(input.target);
  const again = withQuality(told, better(ended.missed));
  const notes = [
    ...again.notes,
    `The film was made twice: at ${settingOf(found)} it was not as good as wished.`,
  ];
  return runRung({ ...input, plan: { ...again, notes }, may_miss: mayMiss(input) }, report);
}

function mayMiss({ verify }: RungInput): boolean {
  return verify !== "measured";
}

/** Why nothing good enough can be made, before hours of work show it; null where it can, or may. */
function hopelessBy(search: QualitySearch, { video }: Plan): Refusal | null {
  const best = Math.max(...search.steps.map(({ score }) => score));
  const { tolerance } = MEASURE_RECORDS[search.measure];
  if (search.reached || best >= search.wanted - tolerance) return null;
  const ceiling = video.rate.kind === "quality" && video.rate.most !== undefined;
  const advice = ceiling
    ? "Raise conversion.bitrate, or wish for less (conversion.quality)."
    : "Wish for less (conversion.quality), or use another codec or preset.";
  return refusal("permanent", "quality_missed", `${bestOf(search)} ${advice}`).refusal;
}

function bestOf(search: QualitySearch): string {
  const best = Math.max(...search.steps.map(({ score }) => score));
  return `No setting of the encoder makes this film as good as wished: its samples score ${tellScore(search.measure, best)} at most, and ${tellScore(search.measure, search.wanted)} was wanted.`;
}

function withNotes(plan: Plan, search: QualitySearch): Plan {
  const notes = search.reached ? [] : [`${bestOf(search)} The best one was taken (${settingOf(plan)}).`];
  return { ...plan, notes: [...plan.notes, ...notes] };
}

/** Null where there is none. */
function nextBetter(
  { steps, taken, reached }: QualitySearch,
  { measure }: Sought,
): ((missing: number) => number) | null {
  if (!reached || taken <= BEST_QUALITY) return null;
  const { slope } = MEASURE_RECORDS[measure];
  return (missing) => betterQuality({ tried: steps, quality: taken, missing, slope });
}
