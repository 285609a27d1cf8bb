import { describe, expect, test } from "bun:test";
import { type Plan, plan } from "../../src/ffmpeg/plan.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { CPU_ONLY } from "../../src/shared/gpu.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { BT709, DISPLAY, HLG, hdrRecord, hdrStream, LIGHT, PQ } from "./hdr-records.ts";
import { bestPlan, capabilities, conversion, media, videoStream } from "./records.ts";

function planned(film: VideoStream, wanted: Partial<Conversion> = {}): Plan {
  return bestPlan({ media: media({ video: [film] }), conversion: conversion(wanted) });
}

/** Without what is said of every film with fewer bits. */
function onColors(notes: string[]): string[] {
  return notes.filter((note) => !note.includes("bits a sample became"));
}

const NOTHING = { primaries: null, transfer: null, matrix: null, range: "tv" };
const hevc = { codec: "hevc" } as const;
const av1 = { codec: "av1" } as const;
const small = { target_resolution: { width: 640, height: 360 } };

describe("what the result says of its colours", () => {
  const rows: [string, VideoStream, Partial<Conversion>, VideoStream["color"]][] = [
    ["as the source", videoStream({ color: BT709 }), {}, BT709],
    ["nothing where the source says nothing", videoStream(), {}, NOTHING],
    [
      "nothing in a smaller size of the same class",
      videoStream(),
      { target_resolution: { width: 1280, height: 720 } },
      NOTHING,
    ],
    [
      "what it was taken for, where its new size would be taken for something else",
      videoStream(),
      small,
      BT709,
    ],
    [
      "only what is missing then",
      videoStream({ color: { ...NOTHING, matrix: "smpte170m" } }),
      small,
      { ...BT709, matrix: "smpte170m" },
    ],
    ["nothing of a DVD", videoStream({ width: 720, height: 576 }), {}, NOTHING],
    ["the limited range of a full one", videoStream({ color: { ...BT709, range: "pc" } }), {}, BT709],
    [
      "the full range where nothing may be lost",
      videoStream({ color: { ...BT709, range: "pc" } }),
      { codec: "ffv1", container: "mkv" },
      { ...BT709, range: "pc" },
    ],
    [
      "the matrix by which RGB was turned",
      videoStream({
        chroma: "rgb",
        color: { ...NOTHING, matrix: "gbr", transfer: "iec61966-2-1", range: "pc" },
      }),
      {},
      { ...NOTHING, transfer: "iec61966-2-1", matrix: "bt709" },
    ],
    [
      "no matrix of RGB for what is YUV",
      videoStream({ color: { ...BT709, matrix: "gbr" } }),
      {},
      { ...BT709, matrix: null },
    ],
    [
      "no names that ffmpeg cannot write",
      videoStream({ color: { ...BT709, transfer: "vlog" } }),
      {},
      { ...BT709, transfer: null },
    ],
    [
      "rare matrices as they are",
      videoStream({ color: { ...BT709, matrix: "ycgco" } }),
      {},
      { ...BT709, matrix: "ycgco" },
    ],
    ["HDR10 in hevc", hdrStream(), hevc, PQ],
    ["HLG in av1", hdrStream({ color: HLG, hdr: null }), av1, HLG],
    ["SDR in h264", hdrStream(), {}, BT709],
    ["SDR in h264 of 10 bits", hdrStream(), { bit_depth: 10 }, BT709],
    ["SDR where it is asked for", hdrStream({ color: HLG }), { ...hevc, hdr: "tonemap" }, BT709],
    ["SDR in 8 bits", hdrStream(), { ...hevc, bit_depth: 8 }, BT709],
    [
      "HLG of a camera that has only 8 bits",
      hdrStream({ color: HLG, bit_depth: 8, pixel_format: "yuv420p", hdr: null }),
      hevc,
      HLG,
    ],
    [
      "SDR of wide colours",
      hdrStream({ color: { ...PQ, transfer: "bt2020-10" }, hdr: null }),
      {},
      { ...PQ, transfer: "bt2020-10" },
    ],
    [
      "HDR10 where Dolby Vision alone tells it",
      hdrStream({
        color: { ...NOTHING },
        hdr: hdrRecord({ dolby_vision: { profile: 8, compatibility: 1 } }),
      }),
      hevc,
      PQ,
    ],
    [
      "HLG where Dolby Vision alone tells it",
      hdrStream({
        color: { ...NOTHING },
        hdr: hdrRecord({ dolby_vision: { profile: 8, compatibility: 4 } }),
      }),
      hevc,
      HLG,
    ],
    [
      "SDR where Dolby Vision tells that",
      hdrStream({
        color: { ...NOTHING },
        hdr: hdrRecord({ dolby_vision: { profile: 9, compatibility: 2 } }),
      }),
      hevc,
      BT709,
    ],
  ];
  test.each(rows)("%s", (_name, film, wanted, color) => {
    expect(planned(film, wanted).video.color).toEqual(color);
  });
});

describe("HDR's metadata", () => {
  const dolby = (profile: number, compatibility: number | null) =>
    hdrStream({ hdr: hdrRecord({ dolby_vision: { profile, compatibility } }) });
  const rows: [
    string,
    VideoStream,
    Partial<Conversion>,
    { hdr: boolean; sheds: boolean; notes: string[] },
  ][] = [
    ["written by x265", hdrStream(), hevc, { hdr: true, sheds: false, notes: [] }],
    ["written by SVT-AV1", hdrStream(), av1, { hdr: true, sheds: false, notes: [] }],
    [
      "left to chance by others",
      hdrStream(),
      { codec: "ffv1", container: "mkv" },
      { hdr: false, sheds: false, notes: ["ffv1 does not write"] },
    ],
    [
      "taken from SDR that claims them",
      videoStream({ color: BT709, hdr: hdrRecord() }),
      {},
      { hdr: false, sheds: true, notes: [] },
    ],
    [
      "taken from what became SDR",
      hdrStream(),
      {},
      { hdr: false, sheds: true, notes: ["players show h264 as SDR"] },
    ],
    [
      "taken from what became SDR as asked",
      hdrStream(),
      { ...hevc, hdr: "tonemap" },
      { hdr: false, sheds: true, notes: ["`hdr: tonemap`"] },
    ],
    [
      "taken from 8 bits",
      hdrStream(),
      { ...hevc, bit_depth: 8 },
      { hdr: false, sheds: true, notes: ["more than 8 bits"] },
    ],
    [
      "HDR10+ is said",
      hdrStream({ hdr: hdrRecord({ hdr10_plus: true }) }),
      hevc,
      { hdr: true, sheds: false, notes: ["HDR10+"] },
    ],
    [
      "Dolby Vision 7",
      dolby(7, 6),
      hevc,
      { hdr: true, sheds: true, notes: ["(profile 7) was left out; it became the HDR10"] },
    ],
    [
      "Dolby Vision 8.1",
      dolby(8, 1),
      av1,
      { hdr: true, sheds: true, notes: ["(profile 8.1) was left out; it became the HDR10"] },
    ],
    [
      "Dolby Vision that nobody configured",
      dolby(8, null),
      hevc,
      { hdr: true, sheds: true, notes: ["(profile 8) was left out"] },
    ],
    [
      "Dolby Vision in h264",
      dolby(8, 1),
      {},
      { hdr: false, sheds: true, notes: ["was converted from the HDR10", "players show h264"] },
    ],
  ];
  test.each(rows)("%s", (_name, film, wanted, expected) => {
    const made = planned(film, wanted);
    expect(made.video.hdr).toEqual(expected.hdr ? { mastering: DISPLAY, light: LIGHT } : null);
    expect(made.video.sheds).toBe(expected.sheds);
    expect(onColors(made.notes)).toEqual(expected.notes.map((note) => expect.stringContaining(note)));
  });
});

describe("Dolby Vision without a picture for others is refused", () => {
  test.each([
    [5, 0, true],
    [5, null, true],
    [10, 0, true],
    [20, 0, true],
    [10, 1, false],
    [8, 0, false],
    [4, 0, false],
  ])("profile %p with id %p: %p", (profile, compatibility, refused) => {
    const film = hdrStream({ hdr: hdrRecord({ dolby_vision: { profile, compatibility } }) });
    const result = plan({
      ...{ media: media({ video: [film] }), conversion: conversion(hevc) },
      ...{ capabilities: capabilities(), gpu: CPU_ONLY },
    });
    const message = "refusal" in result ? result.refusal.message : "";
    expect(message.includes("green and purple")).toBe(refused);
  });
});

describe("where the samples of colour lie", () => {
  const rows: [string, string | null, Partial<Conversion>, string | null, number][] = [
    ["left is not said", "left", hevc, null, 0],
    ["nothing is not said", null, hevc, null, 0],
    ["top left in hevc", "topleft", hevc, "topleft", 0],
    ["top left in av1", "topleft", av1, "topleft", 0],
    ["the middle in h264", "center", {}, "center", 0],
    ["the middle has no name in av1", "center", av1, null, 1],
  ];
  test.each(rows)("%s", (_name, chroma_location, wanted, kept, notes) => {
    const made = planned(videoStream({ chroma_location }), wanted);
    expect(made.video.chroma_location).toBe(kept);
    expect(made.notes).toHaveLength(notes);
  });
});

describe("a machine that cannot map tones", () => {
  const gpu = CPU_ONLY;
  const source = media({ video: [hdrStream()] });
  const without = (tone_map: { why: string | null } | undefined) => {
    const { tone_map: _, ...rest } = capabilities();
    return { ...rest, ...(tone_map === undefined ? {} : { tone_map }) };
  };
  test.each([
    [{ why: "No such filter: 'zscale'" }, "No such filter: 'zscale'"],
    [undefined, "never tried"],
  ])("%j", (tone_map, why) => {
    const of = { media: source, capabilities: without(tone_map), gpu };
    const result = plan({ ...of, conversion: conversion() });
    expect("refusal" in result && result.refusal).toMatchObject({
      outcome: "retry",
      message: expect.stringContaining(why),
    });
    expect("ladder" in plan({ ...of, conversion: conversion(hevc) })).toBe(true);
  });

  test("no machine maps colours that ffmpeg does not know", () => {
    const odd = media({ video: [hdrStream({ color: { ...PQ, matrix: "ictcp" } })] });
    const result = plan({ media: odd, capabilities: capabilities(), gpu, conversion: conversion() });
    expect("refusal" in result && result.refusal).toMatchObject({
      ...{ outcome: "permanent", reason: "unsupported", message: expect.stringContaining("(ICtCp)") },
    });
    const of = { media: odd, capabilities: capabilities(), gpu };
    expect("ladder" in plan({ ...of, conversion: conversion(hevc) })).toBe(true);
    const asked = plan({ ...of, conversion: conversion({ ...hevc, hdr: "tonemap" }) });
    expect("refusal" in asked && asked.refusal.message).toContain("`hdr: tonemap` asks for SDR");
  });
});
