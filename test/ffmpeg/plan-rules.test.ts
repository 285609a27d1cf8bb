import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeClip } from "../../scripts/clips.ts";
import { leaveAlone, notSmaller, tooLargeFrom } from "../../src/ffmpeg/plan-rules.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { type FilmRules, NO_FILM_RULES } from "../../src/shared/film-rules.ts";
import type { MediaInfo, VideoStream } from "../../src/shared/media.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";
import { conversion, INTERLACED, media, videoStream } from "./records.ts";

function reason(of: {
  rules?: Partial<FilmRules>;
  film?: Partial<VideoStream>;
  file?: Partial<MediaInfo>;
  wanted?: Partial<Conversion>;
}): string | null {
  const film = videoStream(of.film);
  const left = leaveAlone({
    media: media({ video: [film], ...of.file }),
    film,
    conversion: conversion(of.wanted),
    rules: { ...NO_FILM_RULES, ...of.rules },
  });
  return left?.refusal.reason ?? null;
}

describe("what is short", () => {
  test.each<[number | null, number, string | null]>([
    [9.9, 10_000, "too_short"],
    [10, 10_000, null],
    [1, 0, null],
    [null, 10_000, null],
  ])("%p s, with a limit of %i ms", (duration_s, skip_shorter_than, expected) => {
    expect(reason({ rules: { skip_shorter_than }, file: { duration_s } })).toBe(expected);
  });
});

describe("what is converted already", () => {
  const rules = { skip_converted: true };
  const box = { width: 1280, height: 720 };
  test.each<[string, Parameters<typeof reason>[0], string | null]>([
    ["the same codec", {}, "already_converted"],
    ["without the rule", { rules: { skip_converted: false } }, null],
    ["another codec", { film: { codec: "hevc" } }, null],
    ["larger than the box", { wanted: { target_resolution: box } }, null],
    [
      "in the box",
      { film: { width: 1280, height: 720 }, wanted: { target_resolution: box } },
      "already_converted",
    ],
    [
      "upright in the turned box",
      { film: { width: 1280, height: 720, rotation: 90 }, wanted: { target_resolution: box } },
      "already_converted",
    ],
    [
      "wider than the box by its pixels",
      {
        film: { width: 1280, height: 720, sample_aspect_ratio: { num: 4, den: 3 } },
        wanted: { target_resolution: box },
      },
      null,
    ],
    ["below the ceiling", { film: { bit_rate: 4e6 }, wanted: { bitrate: 4e6 } }, "already_converted"],
    ["above the ceiling", { film: { bit_rate: 4.1e6 }, wanted: { bitrate: 4e6 } }, null],
    [
      "below the rule's own limit",
      { rules: { skip_converted_bitrate: 5e6 }, film: { bit_rate: 4.1e6 }, wanted: { bitrate: 4e6 } },
      "already_converted",
    ],
    ["above the rule's own limit", { rules: { skip_converted_bitrate: 5e6 }, film: { bit_rate: 6e6 } }, null],
    ["by the file's size", { wanted: { bitrate: 9e6 } }, "already_converted"],
    ["of unknown bit rate", { file: { duration_s: null, bit_rate: null }, wanted: { bitrate: 9e6 } }, null],
    ["with more bits", { film: { bit_depth: 10 } }, null],
    [
      "with bits that are kept",
      { film: { codec: "hevc", bit_depth: 10 }, wanted: { codec: "hevc" } },
      "already_converted",
    ],
    ["interlaced", { film: INTERLACED }, null],
    [
      "HDR that is to become SDR",
      {
        film: {
          codec: "hevc",
          bit_depth: 10,
          color: { primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc", range: "tv" },
        },
        wanted: { codec: "hevc", hdr: "tonemap" },
      },
      null,
    ],
  ])("%s", (_, of, expected) => {
    expect(reason({ ...of, rules: { ...rules, ...of.rules } })).toBe(expected);
  });
});

test.each<[number | null, number | null]>([
  [null, null],
  [1, 60_000_000],
  [0.33333333, 20_000_000],
])("with a ratio of %p a result is too large from %p bytes on", (max_size_ratio, bytes) => {
  expect(tooLargeFrom({ media: media(), rules: { ...NO_FILM_RULES, max_size_ratio } })).toBe(bytes);
});

test.each([
  [true, "Left alone: the result would be 105% of its source's size (rules.max_size_ratio: 1)."],
  [
    false,
    "Left alone: the result was not finished and had reached 105% of its source's size (rules.max_size_ratio: 1).",
  ],
])("the sentence for a result that ended (%p)", (ended, message) => {
  const rules = { ...NO_FILM_RULES, max_size_ratio: 1 };
  expect(notSmaller({ media: media(), rules, size: 63_000_000, ended }).refusal.message).toBe(message);
});

describe("real films", () => {
  const LIMIT_MS = 120_000;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let source = "";
  beforeAll(async () => {
    folder = await temporaryFolder();
    source = await makeClip({ name: "plain.mp4", path: join(folder.path, "plain.mp4") });
    await thisMachine();
  }, LIMIT_MS);
  afterAll(() => folder.remove());

  async function run(rules: Partial<FilmRules>, changes: Partial<Conversion>) {
    const target = join(folder.path, "result.mp4");
    const stages = new Set<string>();
    const ended = await convert({ source, target }, changes, {
      rules: { ...NO_FILM_RULES, ...rules },
      onProgress: ({ stage }) => stages.add(stage),
    });
    return { ended, stages: [...stages], kept: existsSync(target) };
  }

  test(
    "a result that is not smaller is thrown away without having been verified",
    async () => {
      const { ended, stages, kept } = await run({ max_size_ratio: 0.1 }, { quality: 0 });
      expect(ended).toMatchObject({ outcome: "skipped", reason: "not_smaller" });
      expect(stages).not.toContain("verifying");
      expect(kept).toBe(false);
      expect(await readdir(folder.path)).toEqual(["plain.mp4"]);
    },
    LIMIT_MS,
  );

  test(
    "one that is smaller is kept",
    async () => {
      const { ended } = await run({ max_size_ratio: 1 }, { quality: 45 });
      if (ended.outcome !== "done") throw new Error(ended.message);
      expect(ended.size).toBeLessThan((await stat(source)).size);
    },
    LIMIT_MS,
  );

  test(
    "what the rules leave alone is not encoded at all",
    async () => {
      const { ended, stages } = await run({ skip_converted: true }, {});
      expect(ended).toMatchObject({ outcome: "skipped", reason: "already_converted" });
      expect(stages).toEqual(["probing"]);
    },
    LIMIT_MS,
  );
});
