import { expect, test } from "bun:test";
import { renderJob } from "../../../src/roles/cli/render-job.ts";
import { scoreLine } from "../../../src/roles/cli/render-quality.ts";
import type { QualityScore, QualitySearch } from "../../../src/shared/quality.ts";
import { attempt, job } from "./records.ts";

const SEARCH: QualitySearch = {
  wish: "vmaf 95",
  measure: "xpsnr",
  wanted: 41,
  places: [718.5, 2158.5, 3598.5],
  sample_s: 3,
  steps: [
    { quality: 24, setting: "crf 29", size: 3_145_728, score: 42.5 },
    { quality: 28, setting: "crf 33", size: 2_097_152, score: 40.9 },
    { quality: 27, setting: "crf 32", size: 2_202_009, score: 41.125 },
  ],
  taken: 27,
  reached: true,
};
const SCORE: QualityScore = {
  measure: "xpsnr",
  score: 41.3,
  worst: { at_s: 2512.34, score: 39.5 },
  places: 12,
  wanted: 41,
  met: true,
};

test("the search and the score stand with their attempt", () => {
  const attempts = [attempt({ outcome: "completed", report: { search: SEARCH, score: SCORE } })];
  expect(renderJob({ job: job({}), attempts }).split("🔁")[1]).toBe(` Attempts: 1
└─ 1 on worker-1, 2026-11-22 08:01:00 UTC: completed
   ├─ Search: vmaf 95, at least XPSNR 41.00 dB, over 3 samples of 3 s
   │  ├─ crf 29: XPSNR 42.50 dB, 3.0 MiB
   │  ├─ crf 33: XPSNR 40.90 dB, 2.0 MiB
   │  └─ crf 32: XPSNR 41.13 dB, 2.1 MiB ← taken
   └─ Score: XPSNR 41.30 dB at 12 random places (the worst: XPSNR 39.50 dB at 2512.3 s), XPSNR 41.00 dB was wanted`);
});

test("what fell short is told as such, and a whole film has no places", () => {
  const table: [Partial<QualityScore>, string][] = [
    [{ met: false, score: 38 }, "XPSNR 41.00 dB was wanted: too little"],
    [{ places: 1, wanted: null }, "Score: XPSNR 41.30 dB over the whole film"],
  ];
  for (const [changes, end] of table) expect(scoreLine({ ...SCORE, ...changes })).toEndWith(end);
  const lost = renderJob({
    job: job({}),
    attempts: [attempt({ report: { search: { ...SEARCH, sample_s: 0, reached: false } } })],
  });
  expect(lost).toContain("over the whole film; no setting reached it");
});
