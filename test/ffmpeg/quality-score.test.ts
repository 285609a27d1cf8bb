import { expect, test } from "bun:test";
import { judgeScores, leastOf, tellMissed } from "../../src/ffmpeg/quality-score.ts";
import type { Quality } from "../../src/shared/quality.ts";
import { bestPlan, conversion, media } from "./records.ts";

const scores = (...all: number[]) => all.map((score, n) => ({ at_s: 10 * n, score }));

function judged(quality: Quality, all: number[], bitrate: number | null = null) {
  const plan = bestPlan({ media: media(), conversion: conversion({ quality, bitrate }) });
  const wish = typeof quality === "number" ? null : quality;
  const scoring = { measure: "ssim" as const, wish, wanted: wish?.score ?? null };
  const scored = judgeScores(scores(...all), { plan, scoring });
  if (scored === null) return null;
  return { scored, plan, scoring, told: tellMissed({ scored, plan, scoring }) };
}

test("the mean counts against the wish less a tolerance, each place against a floor", () => {
  const wish = { measure: "ssim", score: 0.98 } as const;
  const table: [Quality, number[], boolean][] = [
    [wish, [0.99, 0.98], true],
    // A hundredth less may come from other places than the samples'.
    [wish, [0.975, 0.968], true],
    [wish, [0.97, 0.96], false],
    [wish, [1, 1, 1, 0.9], true],
    [{ measure: "ssim", score: 0.8 }, [1, 1, 1, 0.39], false],
    [23, [0.9, 0.7], true],
    [23, [0.64, 0.64], false],
    [23, [0.95, 0.95, 0.95, 0.3], false],
    // Who asks for bad pictures gets them, but no others.
    [45, [0.45, 0.4], true],
    [45, [0.45, 0.2], false],
  ];
  for (const [quality, all, met] of table) {
    expect([all, judged(quality, all)?.scored.met]).toEqual([all, met]);
  }
  expect(judged(23, [0.45, 0.4], 100_000)?.scored.met).toBe(true);
  expect(judged(23, [])).toBeNull();
});

test("what is missing is told with numbers", () => {
  expect(judged({ measure: "ssim", score: 0.98 }, [0.97, 0.95])?.told).toBe(
    "The result is not as good as wished: it scores SSIM 0.9600 on average of 2 places (the worst: SSIM 0.9500 at 10.0 s); SSIM 0.9800 was wanted, and SSIM 0.9700 is the least that is taken for it.",
  );
  expect(judged(23, [0.99, 0.1])?.told).toContain("it scores SSIM 0.1000 at 10.0 s, where");
  expect(judged(23, [0.6, 0.6])?.told).toContain("at its setting at least SSIM 0.6500 is expected");
});

test("the least is what is told before work, too", () => {
  const plan = bestPlan({ media: media(), conversion: conversion({ quality: 23 }) });
  expect(leastOf({ plan, scoring: { measure: "vmaf", wish: null, wanted: null } })).toEqual({
    mean: 50,
    place: 25,
  });
  const wish = { measure: "vmaf", score: 95 } as const;
  expect(leastOf({ plan, scoring: { measure: "vmaf", wish, wanted: 95 } })).toEqual({ mean: 93, place: 25 });
});
