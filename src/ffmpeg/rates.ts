import { type Rate, rungKey } from "../shared/gpu.ts";
import { describeHardware, usesHardware } from "./ladder.ts";
import type { Plan } from "./plan.ts";
import type { Report } from "./progress.ts";

/** `kind`: of the pictures that it is about (rateKind). */
type Measured = { ladder: readonly Plan[]; rates: readonly Rate[]; preset: string; kind: string };

/** A rate over fewer says that a way is slow, and is no reason to pass it over. */
export const MIN_FRAMES = 120;

/** The rungs whose rates are needed to decide whether one with hardware is slower than the next, and not known yet. */
export function rungsToMeasure({ ladder, ...known }: Measured): Plan[] {
  const needed = ladder.filter((plan, at) => {
    const above = ladder[at - 1];
    const follows = above !== undefined && usesHardware(above.rung);
    const leads = usesHardware(plan.rung) && at < ladder.length - 1;
    return follows || leads;
  });
  return needed.filter((plan) => rateOf(plan, known) === null);
}

/**
 * The ladder without the hardware rungs that were measured slower than the next one that stays, and why. A rung stays
 * where it, or the next one, has no rate over enough frames.
 */
export function dropSlower({ ladder, ...known }: Measured): {
  ladder: Plan[];
  slower: { plan: Plan; why: string }[];
} {
  const kept: Plan[] = [];
  const slower: { plan: Plan; why: string }[] = [];
  // From below, so that each is compared with one that is itself worth taking.
  for (const plan of ladder.toReversed()) {
    const [next] = kept;
    const here = soundRate(plan, known);
    const there = next === undefined ? null : soundRate(next, known);
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

/** Frames a second, and how many frames that was counted over. */
export type Counted = Pick<Rate, "fps" | "frames">;

/**
 * Frames a second between the first report with a frame, by when everything is open, and the last; null where nothing
 * came. A run that is over at once is counted from its start.
 */
export function rateFrom(reports: readonly TimedReport[]): Counted | null {
  const counted = reports.filter(({ frame }) => (frame ?? 0) > 0);
  const [first] = counted;
  const last = counted.at(-1);
  if (first === undefined || last === undefined) return null;
  const all = last.frame ?? 0;
  const later = all - (first.frame ?? 0);
  const steady = later >= Math.min(MIN_FRAMES, all / 2);
  const [frames, ms] = steady ? [later, last.at_ms - first.at_ms] : [all, last.at_ms];
  return { fps: Math.round((10_000 * frames) / ms) / 10, frames };
}

function rateOf({ rung }: Plan, { rates, preset, kind }: Omit<Measured, "ladder">): Rate | null {
  const key = rungKey(rung);
  const is = (one: Rate) => one.rung === key && one.preset === preset && one.kind === kind;
  return rates.find(is) ?? null;
}

function soundRate(plan: Plan, known: Omit<Measured, "ladder">): number | null {
  const rate = rateOf(plan, known);
  return rate === null || rate.frames < MIN_FRAMES ? null : rate.fps;
}
