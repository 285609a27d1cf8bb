import { describe, expect, test } from "bun:test";
import {
  afterOthers,
  describeHardware,
  type Failure,
  failureNote,
  learnFromFailure,
  learnFromSuccess,
  nextRung,
  usesHardware,
  withStallLimit,
} from "../../src/ffmpeg/ladder.ts";
import type { Plan } from "../../src/ffmpeg/plan.ts";
import { type Rung, rungKey } from "../../src/shared/gpu.ts";
import type { Reason } from "../../src/shared/job.ts";
import { gpuRecord } from "./gpu-record.ts";
import { bestPlan, conversion, media } from "./records.ts";

const software = bestPlan({ media: media(), conversion: conversion() });
const card = gpuRecord();

function planOn(changes: Partial<Rung>): Plan {
  const rung = { ...software.rung, device: { id: card.id, driver: card.driver }, ...changes };
  return { ...software, rung, gpu: rung.device === null ? null : card };
}
const vulkan = { family: "vulkan", encoder: "h264_vulkan" } as const;
const all = planOn({ decode: "vulkan", filter: "vulkan", ...vulkan });
const encodes = planOn({ filter: "vulkan", ...vulkan });
const nvenc = planOn({ device: null, family: "nvenc", encoder: "h264_nvenc" });
const hybrid = planOn({ decode: "vulkan", filter: "vulkan" });
const decodes = planOn({ decode: "vulkan" });
const LADDER = [all, encodes, nvenc, hybrid, decodes, software];

function failure(plan: Plan, reason: Reason = "ffmpeg_failed", how: Failure["how"] = "failed"): Failure {
  return { plan, refusal: { outcome: "retry", reason, message: `${reason} there.` }, how };
}

describe("the next rung", () => {
  const rows: [string, Failure[], Plan | null][] = [
    ["is the best at first", [], all],
    ["follows one that failed", [failure(all)], encodes],
    ["leaves a device alone that failed twice", [failure(all), failure(encodes)], nvenc],
    ["is the CPU in the end", [failure(all), failure(encodes), failure(nvenc)], software],
    ["follows one that stood still", [failure(all, "stalled", "hung")], encodes],
    ["follows one whose pictures are wrong", [failure(hybrid, "verification_failed")], decodes],
    ["decodes on the CPU where the source is said to be damaged", [failure(all, "source_damaged")], encodes],
    ["does so to the end", [failure(all, "source_damaged"), failure(encodes, "source_damaged")], nvenc],
    ["is none after the CPU", [failure(software)], null],
    ["is none when the CPU says that the source is damaged", [failure(software, "source_damaged")], null],
    ["is none when the attempt was stopped", [failure(all, "cancelled")], null],
    ["is none when the time is over", [failure(all, "ffmpeg_timeout")], null],
    ["is none when the disk is full", [failure(all, "disk_full")], null],
  ];
  test.each(rows)("%s", (_, failures, expected) => {
    expect(nextRung(LADDER, failures)).toBe(expected as Plan);
  });

  test("is none where the ladder ends", () => {
    expect(nextRung([all], [failure(all)])).toBeNull();
  });
});

describe("what is learned", () => {
  const suspect = (plan: Plan, why: string) => ({
    type: "suspect" as const,
    suspect: { rung: rungKey(plan.rung), why },
  });
  const proven = (plan: Plan) => ({ type: "proven" as const, rung: rungKey(plan.rung) });

  test.each<[string, Failure, object[]]>([
    ["a hang is the GPU's", failure(all, "stalled", "hung"), [suspect(all, "stalled there")]],
    [
      "a crash is the GPU's",
      failure(nvenc, "ffmpeg_failed", "crashed"),
      [suspect(nvenc, "ffmpeg_failed there")],
    ],
    ["an error may be the film's", failure(all), []],
    ["the CPU is never suspected", failure(software, "stalled", "hung"), []],
  ])("at once: %s", (_, failed, expected) => {
    expect(learnFromFailure(failed)).toEqual(expected as never);
  });

  test.each<[string, Parameters<typeof learnFromSuccess>[0], object[]]>([
    ["a good rung", { plan: all, failures: [], source_damaged: false }, [proven(all)]],
    ["the CPU alone teaches nothing", { plan: software, failures: [], source_damaged: false }, []],
    [
      "rungs before a good one failed by themselves",
      { plan: software, failures: [failure(all), failure(hybrid, "source_damaged")], source_damaged: false },
      [
        suspect(all, "ffmpeg_failed there"),
        suspect(hybrid, "the film looked damaged there (source_damaged there)"),
      ],
    ],
    [
      "not where the source is damaged",
      { plan: encodes, failures: [failure(all, "source_damaged")], source_damaged: true },
      [proven(encodes)],
    ],
    [
      "what was told at once is not told again",
      { plan: software, failures: [failure(all, "stalled", "hung")], source_damaged: false },
      [],
    ],
  ])("from a film: %s", (_, of, expected) => {
    expect(learnFromSuccess(of)).toEqual(expected as never);
  });
});

test("which rungs use hardware", () => {
  expect(LADDER.map(({ rung }) => usesHardware(rung))).toEqual([true, true, true, true, true, false]);
});

test("hardware is described in words", () => {
  expect(LADDER.map(describeHardware)).toEqual([
    "decode and filter and encode (h264_vulkan) through Vulkan on Card",
    "filter and encode (h264_vulkan) through Vulkan on Card",
    "encode by h264_nvenc",
    "decode and filter through Vulkan on Card",
    "decode through Vulkan on Card",
    "everything on the CPU",
  ]);
});

test("those before are told among those passed over, after what the plan itself passed over", () => {
  const plan = {
    ...software,
    summary: { ...software.summary, passed_over: [{ family: "qsv", why: "not there" }] },
  };
  expect(afterOthers(plan, [{ plan: hybrid, why: "failed: x." }]).passed_over).toEqual([
    { family: "qsv", why: "not there" },
    { family: "vulkan", why: "decode and filter through Vulkan on Card: failed: x." },
  ]);
});

test("a note does not repeat what a GPU held against a film that is whole", () => {
  const damaged = failure(hybrid, "source_damaged");
  damaged.refusal.message =
    "The file says 60.0 s but only 30.0 s could be read: it is damaged, or was cut off while copying.";
  expect(failureNote(software, [damaged])).toEqual([
    "The GPU failed (decode and filter through Vulkan on Card: the film looked damaged there (The file says 60.0 s but only 30.0 s could be read)). The film was then made on the CPU (libx264).",
  ]);
});

test("a GPU that stands still is never waited for without end", () => {
  const limit = (plan: Plan, stall_timeout_ms: number) =>
    withStallLimit(plan.rung, { stall_timeout_ms }).stall_timeout_ms;
  expect([all, nvenc, decodes].map((plan) => limit(plan, 0))).toEqual([300_000, 300_000, 300_000]);
  expect([limit(software, 0), limit(software, 7000), limit(all, 7000)]).toEqual([0, 7000, 7000]);
});

test("a note says what failed and what made the film", () => {
  expect(failureNote(software, [])).toEqual([]);
  expect(failureNote(software, [failure(hybrid, "stalled")])).toEqual([
    "The GPU failed (decode and filter through Vulkan on Card: stalled there). The film was then made on the CPU (libx264).",
  ]);
  expect(failureNote(encodes, [failure(all)])[0]).toEndWith(
    "The film was then made with filter and encode (h264_vulkan) through Vulkan on Card.",
  );
});
