import { type Rate, rungKey } from "../shared/gpu.ts";
import { describeHardware, usesHardware } from "./ladder.ts";
import type { Plan } from "./plan.ts";
import type { Report } from "./progress.ts";

type Measured = { ladder: readonly Plan[]; rates: readonly Rate[]; preset: string };

/** The rungs whose rates are needed to decide whether one with hardware is slower than the next, and not known yet. */
export function rungsToMeasure({ ladder, rates, preset }: Measured): Plan[] {
  const needed = ladder.filter((plan, at) => {
    const above = ladder[at - 1];
    const follows = above !== undefined && usesHardware(above.rung);
    const leads = usesHardware(plan.rung) && at < ladder.length - 1;
    return follows || leads;
  });
  return needed.filter((plan) => rateOf(plan, rates, preset) === null);
}

/**
 * The ladder without the hardware rungs that were measured slower than the next one that stays, and why. A rung
 * without a rate stays.
 */
export function dropSlower({ ladder, rates, preset }: Measured): {
  ladder: Plan[];
  slower: { plan: Plan; why: string }[];
} {
  const kept: Plan[] = [];
  const slower: { plan: Plan; why: string }[] = [];
  // From below, so that each is compared with one that is itself worth taking.
  for (const plan of ladder.toReversed()) {
    const [next] = kept;
    const here = rateOf(plan, rates, preset);
    const there = next === undefined ? null : rateOf(next, rates, preset);
    if (next === undefined || !usesHardware(plan.rung) || here === null || there === null || here >= there) {
      kept.unshift(plan);
    } else {
      const how = usesHardware(next.rung) ? describeHardware(next) : "the CPU alone";
      slower.unshift({
        plan,
        why: `measured ${here.toFixed(1)} frames a second, against ${there.toFixed(1)} with ${how}`,
      });
    }
  }
  return { ladder: kept, slower };
}

/** A report of ffmpeg's and when it came, in milliseconds since ffmpeg was started. */
export type TimedReport = Pick<Report, "frame"> & { at_ms: number };

/**
 * Frames a second between the first report with a frame, by when everything is open, and the last; null where nothing
 * came. A run that is over at once is counted from its start.
 */
export function rateFrom(reports: readonly TimedReport[]): number | null {
  const counted = reports.filter(({ frame }) => (frame ?? 0) > 0);
  const [first] = counted;
  const last = counted.at(-1);
  if (first === undefined || last === undefined) return null;
  const frames = (last.frame ?? 0) - (first.frame ?? 0);
  const steady = frames >= (last.frame ?? 0) / 2;
  const fps = steady ? (1000 * frames) / (last.at_ms - first.at_ms) : (1000 * (last.frame ?? 0)) / last.at_ms;
  return Math.round(10 * fps) / 10;
}

function rateOf({ rung }: Plan, rates: readonly Rate[], preset: string): number | null {
  const key = rungKey(rung);
  return rates.find((one) => one.rung === key && one.preset === preset)?.fps ?? null;
}
