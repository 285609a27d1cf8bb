/**
 * The search for the setting of one film: qualities are whole numbers on x264's CRF scale, where a larger one makes a
 * smaller and worse film; each encoder has its own scale for them (encoders/scales).
 */
export type Tried = { quality: number; score: number };

export type SearchStep =
  | { type: "try"; quality: number }
  | { type: "take"; quality: number; reached: boolean };

export type Target = {
  wanted: number;
  /** What one step usually costs; and how little above what is wanted is near enough. */
  slope: number;
  slack: number;
};

/** Beyond these, films only grow, or nobody would want to see them. */
export const BEST_QUALITY = 6;
export const WORST_QUALITY = 46;
export const FIRST_QUALITY = 24;
export const MOST_TRIES = 6;

/**
 * What to try next, or what to take: the largest quality below all that scored too little. Between one that was good
 * enough and one that was not, it interpolates; what lies beyond all others is guessed by how steep scores are there.
 */
export function searchStep(tried: readonly Tried[], target: Target): SearchStep {
  const good = tried.filter(({ score }) => score >= target.wanted);
  const bad = tried.filter(({ score }) => score < target.wanted);
  const worst_bad = lowest(bad);
  // In noise, what is good beyond something bad was luck.
  const sure = good.filter(({ quality }) => worst_bad === null || quality < worst_bad.quality);
  const best_good = highest(sure);
  const take = (quality: number, reached: boolean): SearchStep => ({ type: "take", quality, reached });
  if (tried.length === 0) return { type: "try", quality: FIRST_QUALITY };
  if (best_good === null) {
    const from = worst_bad?.quality ?? FIRST_QUALITY;
    if (from <= BEST_QUALITY || tried.length >= MOST_TRIES) return take(asGoodAsBest(tried, target), false);
    return { type: "try", quality: towardsBetter(tried, target, from) };
  }
  const { quality, score } = best_good;
  if (quality >= WORST_QUALITY || tried.length >= MOST_TRIES) return take(quality, true);
  if (score - target.wanted <= target.slack) return take(quality, true);
  if (worst_bad === null) return { type: "try", quality: towardsWorse(tried, target, best_good) };
  if (worst_bad.quality - quality <= 1) return take(quality, true);
  return { type: "try", quality: between(best_good, worst_bad, target) };
}

/** Below a ceiling for the bit rate, better qualities only cost more where the film is easy. */
function asGoodAsBest(tried: readonly Tried[], { slack }: Target): number {
  const most = Math.max(...tried.map(({ score }) => score));
  return highest(tried.filter(({ score }) => score >= most - slack))?.quality ?? BEST_QUALITY;
}

/**
 * The next better quality for a result that scored `missing` too little: by how steep the search found scores to be just
 * there.
 */
export function betterQuality(of: {
  tried: readonly Tried[];
  quality: number;
  missing: number;
  slope: number;
}): number {
  const { quality } = of;
  const near = of.tried.toSorted((a, b) => Math.abs(a.quality - quality) - Math.abs(b.quality - quality));
  const slope = slopeOf(near.slice(0, 2)) ?? of.slope;
  const steps = Math.ceil(of.missing / Math.max(slope, of.slope / 4));
  return Math.max(BEST_QUALITY, quality - clamp(steps, 1, MOST_BETTER));
}

const MOST_BETTER = 8;

/** Half a try's worth of doubt is added: it is more use to be beyond than just not there. */
const BEYOND = 1;
const LEAST_LEAP = 2;
const MOST_LEAP = 12;

function towardsBetter(tried: readonly Tried[], target: Target, from: number): number {
  // The last try tells at least whether it can be reached at all.
  if (tried.length >= MOST_TRIES - 2) return BEST_QUALITY;
  const { score } = lowest(tried) ?? { score: target.wanted };
  const leap = leapOf(tried, target, target.wanted - score);
  return Math.max(BEST_QUALITY, from - leap);
}

function towardsWorse(tried: readonly Tried[], target: Target, { quality, score }: Tried): number {
  return Math.min(WORST_QUALITY, quality + leapOf(tried, target, score - target.wanted));
}

function leapOf(tried: readonly Tried[], target: Target, gap: number): number {
  const ends = tried.toSorted((a, b) => a.quality - b.quality);
  const slope = ends.length < 2 ? null : slopeOf([...ends.slice(0, 1), ...ends.slice(-1)]);
  return clamp(
    Math.ceil(gap / Math.max(slope ?? target.slope, target.slope / 4)) + BEYOND,
    LEAST_LEAP,
    MOST_LEAP,
  );
}

/** Where the straight line between the two meets what is wanted, but never at the very end of a wide gap. */
function between(good: Tried, bad: Tried, { wanted }: Target): number {
  const gap = bad.quality - good.quality;
  const share = (good.score - wanted) / (good.score - bad.score);
  const margin = Math.max(1, Math.floor(gap / 5));
  return good.quality + clamp(Math.floor(share * gap), margin, gap - margin);
}

/** Score that is lost per step; null where it does not fall. */
function slopeOf(points: readonly Tried[]): number | null {
  const [a, b] = points;
  if (a === undefined || b === undefined || a.quality === b.quality) return null;
  const slope = (a.score - b.score) / (b.quality - a.quality);
  return slope > 0 ? slope : null;
}

function lowest(tried: readonly Tried[]): Tried | null {
  return tried.reduce<Tried | null>(
    (one, next) => (one === null || next.quality < one.quality ? next : one),
    null,
  );
}

function highest(tried: readonly Tried[]): Tried | null {
  return tried.reduce<Tried | null>(
    (one, next) => (one === null || next.quality > one.quality ? next : one),
    null,
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
