import { describe, expect, test } from "bun:test";
import type { Plan } from "../../src/ffmpeg/plan.ts";
import { dropSlower, rateFrom, rungsToMeasure } from "../../src/ffmpeg/rates.ts";
import { type Rate, type Rung, rungKey } from "../../src/shared/gpu.ts";
import { gpuRecord } from "./gpu-record.ts";
import { bestPlan, conversion, media } from "./records.ts";

const cpu = bestPlan({ media: media(), conversion: conversion() });
const card = gpuRecord();
const planOn = (changes: Partial<Rung>): Plan => ({
  ...cpu,
  rung: { ...cpu.rung, device: { id: card.id, driver: card.driver }, ...changes },
  gpu: card,
});
const all = planOn({ decode: "vulkan", filter: "vulkan", family: "vulkan", encoder: "h264_vulkan" });
const hybrid = planOn({ decode: "vulkan", filter: "vulkan" });
const decodes = planOn({ decode: "vulkan" });
const libaom: Plan = { ...cpu, rung: { ...cpu.rung, encoder: "libaom-av1" } };
const LADDER = [all, hybrid, decodes, cpu];

const KIND = "1920x1080 420";
const rate = (plan: Plan, fps: number, changes: Partial<Rate> = {}): Rate => ({
  ...{ rung: rungKey(plan.rung), preset: "fast", kind: KIND, fps, frames: 120 },
  ...changes,
});

describe("to be measured", () => {
  const rows: [string, Plan[], Rate[], Plan[]][] = [
    ["are all, at first", LADDER, [], LADDER],
    ["are those that are not known", LADDER, [rate(hybrid, 9), rate(cpu, 9)], [all, decodes]],
    [
      "are those known for another preset only",
      [hybrid, cpu],
      [rate(hybrid, 9), rate(cpu, 9, { preset: "slow" })],
      [cpu],
    ],
    [
      "are those known for other pictures only",
      [hybrid, cpu],
      [rate(hybrid, 9, { kind: `${KIND} to 1280x720` }), rate(cpu, 9)],
      [hybrid],
    ],
    ["is none that was tried in vain", [hybrid, cpu], [rate(hybrid, 0, { frames: 0 }), rate(cpu, 9)], []],
    ["is none where there is no choice", [hybrid], [], []],
    ["is none on the CPU alone", [cpu, libaom], [], []],
    ["is no second way on the CPU", [hybrid, cpu, libaom], [], [hybrid, cpu]],
  ];
  test.each(rows)("%s", (_, ladder, rates, expected) => {
    expect(rungsToMeasure({ ladder, rates, preset: "fast", kind: KIND })).toEqual(expected);
  });
});

describe("what is slower", () => {
  const rows: [string, Rate[], Plan[], string[]][] = [
    ["is unknown without rates: all stay", [], LADDER, []],
    ["is nothing where each is faster than the next", [9, 8, 7, 6].map(toRate), LADDER, []],
    ["is nothing where they are alike", [9, 9, 9, 9].map(toRate), LADDER, []],
    [
      "is passed over",
      [41, 70, 69, 66].map(toRate),
      [hybrid, decodes, cpu],
      ["measured 41.0 frames a second, against 70.0 with decode and filter through Vulkan on Card"],
    ],
    [
      "is compared with what stays, not with what is passed over itself",
      [50, 41, 42, 66].map(toRate),
      [cpu],
      [50, 41, 42].map((fps) => `measured ${fps}.0 frames a second, against 66.0 with the CPU alone`),
    ],
    ["is unknown where the next one was not measured", [rate(hybrid, 41), rate(cpu, 66)], LADDER, []],
    ["is never the CPU", [rate(cpu, 1)], LADDER, []],
    [
      "is not known by fewer than 120 frames of it",
      [rate(decodes, 1, { frames: 119 }), rate(cpu, 66)],
      LADDER,
      [],
    ],
    [
      "is not known by fewer than 120 frames of the next",
      [rate(decodes, 1), rate(cpu, 66, { frames: 119 })],
      LADDER,
      [],
    ],
  ];
  function toRate(fps: number, n: number): Rate {
    return rate(LADDER[n] ?? cpu, fps);
  }
  test.each(rows)("%s", (_, rates, kept, whys) => {
    const result = dropSlower({ ladder: LADDER, rates, preset: "fast", kind: KIND });
    expect(result.ladder).toEqual(kept);
    expect(result.slower.map(({ why }) => why)).toEqual(whys);
  });
});

describe("a rate", () => {
  const rows: [string, [number | null, number][], ReturnType<typeof rateFrom>][] = [
    ["is none without a report", [], null],
    [
      "is none without a frame",
      [
        [null, 100],
        [0, 200],
      ],
      null,
    ],
    [
      "is counted from the first frames on",
      [
        [0, 500],
        [20, 1000],
        [120, 2000],
        [220, 3000],
      ],
      { fps: 100, frames: 200 },
    ],
    ["is counted whole where all came at once", [[240, 2000]], { fps: 120, frames: 240 }],
    [
      "is counted whole where most came at once",
      [
        [200, 1900],
        [240, 2000],
      ],
      { fps: 120, frames: 240 },
    ],
    [
      "is steady over enough frames, whatever came before",
      [
        [600, 1000],
        [720, 2000],
      ],
      { fps: 120, frames: 120 },
    ],
  ];
  test.each(rows)("%s", (_, reports, expected) => {
    expect(rateFrom(reports.map(([frame, at_ms]) => ({ frame, at_ms })))).toEqual(expected);
  });
});
