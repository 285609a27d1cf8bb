import { describe, expect, test } from "bun:test";
import { MEASURE_RECORDS } from "../../src/ffmpeg/quality-measures.ts";
import {
  BEST_QUALITY,
  betterQuality,
  FIRST_QUALITY,
  MOST_TRIES,
  searchStep,
  type Target,
  type Tried,
  WORST_QUALITY,
} from "../../src/ffmpeg/quality-search.ts";

type Curve = (quality: number) => number;

/** Every try of a search on that curve, and what was taken. */
function search(curve: Curve, target: Target) {
  const tried: Tried[] = [];
  for (;;) {
    const step = searchStep(tried, target);
    if (step.type === "take") return { ...step, tried };
    expect(tried.map(({ quality }) => quality)).not.toContain(step.quality);
    expect(tried.length).toBeLessThan(MOST_TRIES);
    tried.push({ quality: step.quality, score: curve(step.quality) });
  }
}

const vmaf = (wanted: number): Target => ({ wanted, ...MEASURE_RECORDS.vmaf });
const ssim = (wanted: number): Target => ({ wanted, ...MEASURE_RECORDS.ssim });

/** Of a film that is as good as 100 up to `knee`, and falls ever steeper from there. */
const falling =
  (knee: number, steepness: number): Curve =>
  (quality) =>
    100 - steepness * Math.max(0, quality - knee) ** 1.5;

describe("the setting of a film is the largest that is good enough, found in a few tries", () => {
  const curves: [string, Curve, Target][] = [
    ["a usual film", falling(14, 0.18), vmaf(95)],
    ["a hard one", falling(8, 0.5), vmaf(95)],
    ["an easy one", falling(30, 0.3), vmaf(95)],
    ["a straight line", (quality) => 110 - quality, vmaf(80)],
    ["a cliff", (quality) => (quality <= 31 ? 97 : 60), vmaf(95)],
    ["SSIM of a usual film", (quality) => 1 - 0.00003 * quality ** 2, ssim(0.98)],
    ["SSIM of noise", (quality) => 1.1 - 0.012 * quality, ssim(0.9)],
  ];
  for (const [name, curve, target] of curves) {
    test(name, () => {
      const { quality, reached, tried } = search(curve, target);
      expect(reached).toBe(true);
      expect(curve(quality)).toBeGreaterThanOrEqual(target.wanted);
      // The next one would be too bad, or this one is near enough, or there was no time to look closer.
      const near = curve(quality) - target.wanted <= target.slack || curve(quality + 1) < target.wanted;
      expect(near || tried.length === MOST_TRIES).toBe(true);
      expect(tried.some((one) => one.quality === quality)).toBe(true);
    });
  }
});

test("every straight curve between the ends is searched to its end", () => {
  for (let at = BEST_QUALITY; at < WORST_QUALITY; at += 1) {
    for (const slope of [0.3, 0.8, 1.2, 2, 5]) {
      // Between two whole steps, and too steep or too far from the wish to end the search early.
      const curve: Curve = (quality) => 95 - slope * (quality - at - 0.3);
      const { quality, reached } = search(curve, { wanted: 95, slope: 1.2, slack: 0 });
      expect([at, slope, reached]).toEqual([at, slope, true]);
      expect([at, slope, quality > at - 3 && quality <= at]).toEqual([at, slope, true]);
    }
  }
});

test("what is flat above the wish is taken at its end, below it at its beginning", () => {
  expect(search(() => 99, vmaf(95))).toMatchObject({ quality: WORST_QUALITY, reached: true });
  // All are as good as the best: the smallest of them.
  const below = search(() => 80, vmaf(95));
  expect(below.reached).toBe(false);
  expect(below.quality).toBe(FIRST_QUALITY);
  expect(below.tried.at(-1)?.quality).toBe(BEST_QUALITY);
});

test("a wish that no setting reaches ends with the best one", () => {
  const found = search((quality) => 92 - 0.5 * quality, vmaf(95));
  expect(found).toMatchObject({ quality: BEST_QUALITY, reached: false });
  expect(found.tried.length).toBeLessThanOrEqual(MOST_TRIES - 1);
});

test("a ceiling that makes better settings the same is not filled for nothing", () => {
  const capped: Curve = (quality) => Math.min(90, 120 - 1.5 * quality);
  const { quality, reached, tried } = search(capped, vmaf(95));
  expect(reached).toBe(false);
  expect(quality).toBe(Math.max(...tried.filter(({ score }) => score >= 89.5).map((one) => one.quality)));
  expect(quality).toBeGreaterThan(BEST_QUALITY);
});

test("what is good beyond something bad was luck", () => {
  const tried = [
    { quality: 24, score: 94 },
    { quality: 30, score: 96 },
    { quality: 18, score: 95.2 },
  ];
  expect(searchStep(tried, vmaf(95))).toEqual({ type: "take", quality: 18, reached: true });
});

test("noise ends no search without an answer, and none with a setting that was seen to be too bad", () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let n = 0; n < 500; n += 1) {
    const base = falling(8 + 25 * random(), 0.1 + 0.5 * random());
    const { quality, reached, tried } = search((at) => base(at) + 3 * (random() - 0.5), vmaf(95));
    const taken = tried.find((one) => one.quality === quality);
    expect(taken).toBeDefined();
    if (reached) {
      expect(taken?.score).toBeGreaterThanOrEqual(95);
      expect(tried.every((one) => one.score >= 95 || one.quality > quality)).toBe(true);
    }
  }
});

test("the next better quality makes up for what is missing, but within bounds", () => {
  const tried = [
    { quality: 24, score: 97 },
    { quality: 28, score: 95 },
    { quality: 32, score: 91 },
  ];
  const table: [number, number, number][] = [
    // As from 24 to 28: half a point a step.
    [28, 2, 24],
    [28, 0, 27],
    [28, 50, 20],
    [7, 3, BEST_QUALITY],
  ];
  for (const [quality, missing, better] of table) {
    const found = betterQuality({ tried: quality === 28 ? tried : [], quality, missing, slope: 1.2 });
    expect([quality, missing, found]).toEqual([quality, missing, better]);
  }
});
