import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CHART, chartPicture, distances, expectedPatches, readPatches } from "../../src/ffmpeg/tone-chart.ts";
import { toneMapOf, toneMapOnCpu } from "../../src/ffmpeg/tone-map.ts";
import { createBench, type TrialBench } from "../../src/ffmpeg/trial-stages.ts";
import { tryToneMap } from "../../src/ffmpeg/trial-tone-map.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { testOr } from "../support/test-or.ts";
import { DISPLAY, HLG, hdrRecord, LIGHT, PQ } from "./hdr-records.ts";

describe("how a film is mapped", () => {
  const rows: [string, Parameters<typeof toneMapOf>, ReturnType<typeof toneMapOf>][] = [
    ["by its lightest sample", [PQ, hdrRecord()], { source: PQ, peak: LIGHT.max_content }],
    ["by its screen", [PQ, hdrRecord({ light: null })], { source: PQ, peak: DISPLAY.max_luminance }],
    [
      "by neither, where both are absurd",
      [
        PQ,
        hdrRecord({
          mastering: { ...DISPLAY, max_luminance: 100 },
          light: { max_content: 60_000, max_average: 0 },
        }),
      ],
      { source: PQ, peak: 1000 },
    ],
    ["by the usual peak", [PQ, null], { source: PQ, peak: 1000 }],
    [
      "HLG by its nominal peak",
      [HLG, hdrRecord({ light: null, mastering: { ...DISPLAY, max_luminance: 4000 } })],
      { source: HLG, peak: 1000 },
    ],
    [
      "with the usual labels for those that are missing",
      [{ ...PQ, primaries: null, matrix: null, range: null }, null],
      { source: PQ, peak: 1000 },
    ],
  ];
  test.each(rows)("%s", (_name, of, expected) => {
    expect(toneMapOf(...of)).toEqual(expected);
  });

  test("the filters carry the film's labels and peak", () => {
    const filters = toneMapOnCpu(toneMapOf(HLG, null), "yuv420p10le").join(",");
    expect(filters).toStartWith(
      "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc:range=tv,zscale=",
    );
    expect(filters).toContain("peak=4.926,");
    expect(filters).toEndWith(",format=yuv420p10le");
  });
});

describe("the chart", () => {
  test("has every patch in its place", () => {
    const patches = readPatches(chartPicture(), 10);
    expect(patches[0]?.[0]).toBeLessThan(60);
    // Gray of 203 cd/m2 is 58 % of PQ (ITU-R BT.2408).
    expect(patches[4]?.[0]).toBeCloseTo(16 + 219 * 0.58, 0);
    expect(patches[4]?.slice(1)).toEqual([128, 128]);
  });

  test("grays stay gray, in their order, and the lightest is white", () => {
    const grays = expectedPatches(1000).slice(0, 7);
    for (const [, blue, red] of grays)
      expect([blue, red]).toEqual([expect.closeTo(128), expect.closeTo(128)]);
    const light = grays.map(([y = 0]) => y);
    expect(light).toEqual(light.toSorted((a, b) => a - b));
    expect(light.at(-1)).toBeCloseTo(235);
  });

  test("wrong colours are far away", () => {
    const expected = expectedPatches(1000);
    const swapped = expected.map(([y = 0, blue = 0, red = 0]) => [y, red, blue]);
    expect(Math.max(...distances(expected, swapped))).toBeGreaterThan(60);
    expect(distances(expected, [])).toContain(Number.POSITIVE_INFINITY);
  });
});

describe("by real filters, as the chart must look", () => {
  let bench: TrialBench;
  beforeAll(async () => {
    bench = await createBench("ffmpeg");
  });
  afterAll(() => bench.remove());
  const on = (ffmpeg_path: string) => ({ ...bench, ffmpeg_path, limit_ms: 60_000 });
  const proven = { why: null, said: null, hung: false };

  test.each([8, 10] as const)("on the CPU, %p bits", async (bit_depth) => {
    expect(await tryToneMap(on("ffmpeg"), { gpu: null, bit_depth })).toEqual(proven);
  });

  testOr(noNewer, "on the CPU by a newer ffmpeg", async () => {
    expect(await tryToneMap(on(newer?.ffmpeg ?? ""), { gpu: null, bit_depth: 8 })).toEqual(proven);
  });
});

test("pictures have the chart's size", () => {
  expect(chartPicture()).toHaveLength(CHART.width * CHART.height * 3);
});
