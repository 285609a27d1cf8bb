import { expect, test } from "bun:test";
import { MEASURE_RECORDS, tellScore, wantedOf } from "../../src/ffmpeg/quality-measures.ts";
import type { Measure } from "../../src/shared/quality.ts";

test("a score is read from what ffmpeg says, and from nothing else", () => {
  const table: [Measure, string, number | null][] = [
    ["vmaf", "[libvmaf@score @ 0x55] [info] VMAF score: 95.123456", 95.123456],
    ["vmaf", "[Parsed_libvmaf_0 @ 0x55] VMAF score: 0.000000", 0],
    ["vmaf", "[libvmaf@score @ 0x55] [error] could not load libvmaf model", null],
    [
      "ssim",
      "[ssim@score @ 0x7f] [info] SSIM Y:0.977184 (16.4) U:0.98 (17.3) V:0.98 (19.1) All:0.979721 (16.9)",
      0.979721,
    ],
    [
      "ssim",
      "[ssim@score @ 0x55] [info] SSIM Y:1.000000 (inf) U:1.0 (inf) V:1.0 (inf) All:1.000000 (inf)",
      1,
    ],
    ["ssim", "frame=  100", null],
    [
      "xpsnr",
      "[xpsnr@score @ 0x7f] [info] XPSNR  y: 40.0000  u: 44.0000  v: 48.0000  (minimum: 40.0000)",
      40,
    ],
    [
      "xpsnr",
      "[xpsnr@score @ 0x7f] [info] XPSNR  y: 40.0000  u: 32.0000  v: 24.0000  (minimum: 24.0000)",
      37,
    ],
    ["xpsnr", "[xpsnr@score @ 0x7f] [info] XPSNR  y: inf  u: inf  v: inf  (minimum: inf)", 100],
    // Planes that are empty do not hide what became of the picture.
    ["xpsnr", "[xpsnr@score @ 0x7f] [info] XPSNR  y: 5.8327  u: inf  v: inf  (minimum: 5.8327)", 5.8327],
    ["xpsnr", "[xpsnr@score @ 0x7f] [info] SSIM All:0.9", null],
  ];
  for (const [measure, line, score] of table) {
    expect([line, MEASURE_RECORDS[measure].read(line)]).toEqual([line, score]);
  }
});

test("what stands for a wish grows with it, and a measure stands for itself", () => {
  expect(wantedOf({ measure: "vmaf", score: 93.7 }, "vmaf")).toBe(93.7);
  expect(wantedOf({ measure: "ssim", score: 0.991 }, "ssim")).toBe(0.991);
  expect(wantedOf({ measure: "vmaf", score: 95 }, "xpsnr")).toBe(41);
  expect(wantedOf({ measure: "vmaf", score: 95 }, "ssim")).toBe(0.98);
  for (const measure of ["xpsnr", "ssim"] as const) {
    const all = Array.from({ length: 199 }, (_, n) =>
      wantedOf({ measure: "vmaf", score: 1 + n / 2 }, measure),
    );
    expect(all.every((one, n) => one >= (all[n - 1] ?? 0))).toBe(true);
    expect(new Set(all).size).toBeGreaterThan(100);
  }
});

test("small pictures are enlarged for VMAF alone, and large ones have a model of their own", () => {
  const { vmaf, ssim } = MEASURE_RECORDS;
  const table: [number, number, string[], RegExp][] = [
    [640, 360, ["scale=1920:1080:flags=bicubic"], /=vmaf_v0.6.1:/],
    [720, 576, ["scale=1350:1080:flags=bicubic"], /=vmaf_v0.6.1:/],
    [1080, 1920, [], /=vmaf_v0.6.1:/],
    [360, 640, ["scale=1080:1920:flags=bicubic"], /=vmaf_v0.6.1:/],
    [1920, 804, [], /=vmaf_v0.6.1:/],
    [3840, 2160, [], /=vmaf_4k_v0.6.1:/],
  ];
  for (const [width, height, filters, model] of table) {
    expect([width, vmaf.prepare({ width, height })]).toEqual([width, filters]);
    expect(vmaf.filter({ width, height })).toMatch(model);
  }
  expect(ssim.prepare({ width: 64, height: 64 })).toEqual([]);
});

test("scores are told with their names and units", () => {
  expect(tellScore("vmaf", 95.04)).toBe("VMAF 95.0");
  expect(tellScore("xpsnr", 41)).toBe("XPSNR 41.00 dB");
  expect(tellScore("ssim", 0.98123)).toBe("SSIM 0.9812");
});
