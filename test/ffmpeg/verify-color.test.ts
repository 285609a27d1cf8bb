import { describe, expect, test } from "bun:test";
import { colorNotes, wrongColor } from "../../src/ffmpeg/verify-color.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { BT709, DISPLAY, HLG, hdrRecord, hdrStream, PQ } from "./hdr-records.ts";
import { bestPlan, conversion, media, videoStream } from "./records.ts";

const hevc = { codec: "hevc" } as const;

function judged(film: VideoStream, wanted: Partial<Conversion>, made: Partial<VideoStream>): string | null {
  const { video } = bestPlan({ media: media({ video: [film] }), conversion: conversion(wanted) });
  return wrongColor(video, videoStream({ ...made }));
}

describe("results that would be shown in other colours are not accepted", () => {
  const sdr = videoStream({ color: BT709 });
  const away = (changes: object) => hdrRecord({ mastering: { ...DISPLAY, ...changes } });
  const good = { color: PQ, chroma_location: "topleft", hdr: hdrRecord() };
  const rows: [string, VideoStream, Partial<Conversion>, Partial<VideoStream>, string | null][] = [
    ["as planned", sdr, {}, { color: BT709 }, null],
    ["nothing said, as planned", videoStream(), {}, {}, null],
    ["a word more than the source's", videoStream(), {}, { color: BT709 }, null],
    [
      "without its primaries",
      sdr,
      {},
      { color: { ...BT709, primaries: null } },
      "(primaries) nothing, not bt709",
    ],
    [
      "with another matrix",
      sdr,
      {},
      { color: { ...BT709, matrix: "smpte170m" } },
      "(matrix) smpte170m, not bt709",
    ],
    [
      "without its curve",
      hdrStream({ hdr: null }),
      hevc,
      { ...good, color: { ...PQ, transfer: null }, hdr: null },
      "(transfer) nothing",
    ],
    [
      "SDR that calls itself HDR",
      videoStream(),
      {},
      { color: { ...BT709, transfer: "smpte2084" } },
      "calls itself HDR",
    ],
    ["the full range", sdr, {}, { color: { ...BT709, range: "pc" } }, "range is pc, not tv"],
    ["no word on the limited range", sdr, {}, { color: { ...BT709, range: null } }, null],
    ["HDR10", hdrStream(), hevc, good, null],
    [
      "HDR10, rounded by AV1",
      hdrStream(),
      hevc,
      { ...good, hdr: away({ red: { x: 0.68001, y: 0.31999 }, min_luminance: 0.00501 }) },
      null,
    ],
    ["HDR10 without its metadata", hdrStream(), hevc, { ...good, hdr: null }, "(mastering display)"],
    [
      "HDR10 of another display",
      hdrStream(),
      hevc,
      { ...good, hdr: away({ max_luminance: 4000 }) },
      "(mastering display)",
    ],
    [
      "HDR10 with red for green",
      hdrStream(),
      hevc,
      { ...good, hdr: away({ red: DISPLAY.green, green: DISPLAY.red }) },
      "(mastering display)",
    ],
    [
      "HDR10 without its light levels",
      hdrStream(),
      hevc,
      { ...good, hdr: hdrRecord({ light: null }) },
      "(light levels)",
    ],
    [
      "HDR10 with colours sampled elsewhere",
      hdrStream(),
      hevc,
      { ...good, chroma_location: "left" },
      "lie at left, not topleft",
    ],
    [
      "HLG, which needs none",
      hdrStream({ color: HLG, hdr: null }),
      hevc,
      { ...good, color: HLG, hdr: null },
      null,
    ],
    [
      "SDR with the metadata of HDR",
      hdrStream(),
      {},
      { color: BT709, hdr: hdrRecord() },
      "the metadata of HDR, which it is not",
    ],
    [
      "Dolby Vision, without being it",
      hdrStream({ hdr: hdrRecord({ dolby_vision: { profile: 8, compatibility: 1 } }) }),
      hevc,
      { ...good, hdr: hdrRecord({ dolby_vision: { profile: 8, compatibility: 1 } }) },
      "Dolby Vision",
    ],
    [
      "ProRes, which has no word for it",
      sdr,
      { codec: "prores", container: "mkv" },
      { color: { ...BT709, transfer: null } },
      null,
    ],
  ];
  test.each(rows)("%s", (_name, film, wanted, made, wrong) => {
    const found = judged(film, wanted, made);
    expect(found).toEqual(wrong === null ? null : expect.stringContaining(wrong));
  });
});

describe("what nobody could promise is told afterwards", () => {
  const ffv1 = { codec: "ffv1", container: "mkv" } as const;
  const plus = hdrStream({ hdr: hdrRecord({ hdr10_plus: true }) });
  const rows: [string, VideoStream, Partial<Conversion>, Partial<VideoStream>, string[]][] = [
    ["nothing", videoStream(), {}, {}, []],
    ["what was promised needs no word", hdrStream(), hevc, { hdr: hdrRecord() }, []],
    ["HDR10+ lost", plus, hevc, { hdr: hdrRecord() }, ["HDR10+ metadata were left out"]],
    ["HDR10+ kept", plus, hevc, { hdr: hdrRecord({ hdr10_plus: true }) }, ["HDR10+ metadata were kept"]],
    ["HDR10's kept by chance", hdrStream(), ffv1, { hdr: hdrRecord() }, ["light levels) were kept"]],
    ["HDR10's lost", hdrStream(), ffv1, { hdr: null }, ["light levels) were left out"]],
    ["nothing of what became SDR", plus, {}, {}, []],
  ];
  test.each(rows)("%s", (_name, film, wanted, made, notes) => {
    const { video } = bestPlan({ media: media({ video: [film] }), conversion: conversion(wanted) });
    const told = colorNotes(film, video, videoStream(made));
    expect(told).toEqual(notes.map((note) => expect.stringContaining(note)));
  });
});
