import { expect, test } from "bun:test";
import * as v from "valibot";
import { Conversion } from "../../src/shared/conversion.ts";
import { formatQuality, parseQuality, type Quality } from "../../src/shared/quality.ts";
import { conversion } from "../ffmpeg/records.ts";

test("a quality is a number on x264's scale, or a score of a measure", () => {
  const table: [string, Quality | null][] = [
    ["23", 23],
    ["0", 0],
    ["51", 51],
    ["52", null],
    ["-1", null],
    ["23.5", null],
    ["vmaf 95", { measure: "vmaf", score: 95 }],
    [" VMAF  93.5 ", { measure: "vmaf", score: 93.5 }],
    ["vmaf 99.9", { measure: "vmaf", score: 99.9 }],
    ["vmaf 100", null],
    ["vmaf 0", null],
    ["vmaf", null],
    ["ssim 0.98", { measure: "ssim", score: 0.98 }],
    ["ssim 1", null],
    ["ssim 0", null],
    ["ssim 98", null],
    ["psnr 40", null],
    ["xpsnr 40", null],
    ["vmaf 95 ssim 0.98", null],
    ["", null],
  ];
  for (const [text, quality] of table) expect([text, parseQuality(text)]).toEqual([text, quality]);
});

test("as it is told, it is understood again", () => {
  for (const quality of [23, { measure: "vmaf", score: 95 }, { measure: "ssim", score: 0.985 }] as const) {
    expect(parseQuality(formatQuality(quality))).toEqual(quality);
  }
});

test("both forms travel with a job, and older jobs have the one that they had", () => {
  for (const quality of [23, { measure: "vmaf", score: 95 }] as const) {
    const told: unknown = JSON.parse(JSON.stringify(conversion({ quality, verify: "measured" })));
    expect(v.parse(Conversion, told)).toMatchObject({ quality, verify: "measured" });
  }
});
