import { describe, expect, test } from "bun:test";
import { planAudio } from "../../src/ffmpeg/plan-audio.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { AudioStream } from "../../src/shared/media.ts";
import { audioStream, capabilities, conversion, media } from "./records.ts";

function planned(track: Partial<AudioStream>, changes: Partial<Conversion> = {}) {
  const source = media({ audio: [audioStream(track)] });
  const result = planAudio({ media: source, conversion: conversion(changes), capabilities: capabilities() });
  if ("refusal" in result) throw new Error(result.refusal.message);
  return result;
}

describe("layouts", () => {
  const rows: [string, number, "aac" | "opus", string, number, boolean][] = [
    ["mono", 1, "aac", "mono", 64, false],
    ["stereo", 2, "aac", "stereo", 128, false],
    ["downmix", 2, "aac", "stereo", 128, false],
    ["5.1", 6, "aac", "5.1", 384, false],
    ["5.1(side)", 6, "aac", "5.1", 384, false],
    ["5.1(side)", 6, "opus", "5.1", 384, false],
    ["7.1", 8, "aac", "7.1", 512, false],
    ["7.1", 8, "opus", "7.1", 512, false],
    ["6.1", 7, "opus", "6.1", 448, false],
    ["6.1", 7, "aac", "7.1", 448, true],
    ["2.1", 3, "aac", "5.1", 192, true],
    ["quad", 4, "aac", "5.0", 256, true],
    ["quad", 4, "opus", "quad", 256, false],
    ["4.0", 4, "aac", "4.0", 256, false],
    ["4.0", 4, "opus", "5.0", 256, true],
    ["octagonal", 8, "opus", "7.1", 512, true],
    ["7.1.4", 12, "aac", "7.1", 512, true],
    ["ambisonic 1", 4, "aac", "stereo", 128, true],
  ];
  test.each(rows)("%s (%p) in %s", (channel_layout, channels, codec, layout, kilobits, noted) => {
    const { tracks, notes } = planned({ channel_layout, channels, codec: "dts" }, { audio_codec: codec });
    expect(tracks).toMatchObject([{ action: "encode", codec, layout, bit_rate: kilobits * 1000 }]);
    expect(notes.length).toBe(noted ? 1 : 0);
  });

  test("channels without names keep their order", () => {
    const track = { channel_layout: null, channels: 4, codec: "pcm_s16le" };
    expect(planned(track).tracks[0]).toMatchObject({
      layout: "4.0",
      placing: "pan=4.0|c0=0.99999*c0|c1=0.99999*c1|c2=0.99999*c2|c3=0.99999*c3",
    });
    const many = planned({ ...track, channels: 16 });
    expect(many.tracks[0]).toMatchObject({ layout: "7.1", channels: 8 });
    expect(many.notes).toEqual(["Audio track 1 (16 channels) becomes 7.1; the further channels are lost."]);
  });

  test("stereo where it is asked for, and mono stays mono", () => {
    const stereo = { audio_channels: "stereo", audio_codec: "copy" } as const;
    const { tracks, notes } = planned({ codec: "ac3", channel_layout: "5.1(side)", channels: 6 }, stereo);
    expect(tracks).toMatchObject([{ action: "encode", layout: "stereo", channels: 2, placing: null }]);
    expect(notes).toEqual(["Audio track 1 becomes stereo (5.1(side); conversion.audio_channels)."]);
    expect(planned({ codec: "ac3", channel_layout: "mono", channels: 1 }, stereo).tracks).toMatchObject([
      { action: "copy" },
    ]);
  });
});

describe("sampling rates", () => {
  const rows: [number, "aac" | "opus", number][] = [
    [44_100, "aac", 44_100],
    [44_100, "opus", 48_000],
    [96_000, "aac", 48_000],
    [88_200, "aac", 44_100],
    [192_000, "aac", 48_000],
    [37_800, "aac", 44_100],
    [7350, "aac", 8000],
  ];
  test.each(rows)("%p Hz in %s is %p", (sample_rate, audio_codec, expected) => {
    expect(planned({ sample_rate }, { audio_codec }).tracks).toMatchObject([{ sample_rate: expected }]);
  });
});

describe("kept as it is, by container", () => {
  const rows: [Partial<AudioStream>, "kept" | string, "kept" | string][] = [
    [{ codec: "ac3" }, "kept", "kept"],
    [{ codec: "flac", channels: 2 }, "kept", "kept"],
    [{ codec: "flac", channels: 6, channel_layout: "5.1" }, "FLAC in mp4 says no layout", "kept"],
    [{ codec: "mp2" }, "cannot hold", "kept"],
    [{ codec: "mp3", sample_rate: 11_025 }, "below 16 kHz", "kept"],
    [{ codec: "dts", profile: "DTS" }, "kept", "kept"],
    [{ codec: "dts", profile: "DTS-ES" }, "kept", "kept"],
    [{ codec: "dts", profile: "DTS-HD MA" }, "DTS-HD MA", "kept"],
    [{ codec: "pcm_bluray" }, "cannot hold", "cannot hold"],
    [{ codec: "aac_latm" }, "cannot hold", "cannot hold"],
    [{ codec: "pcm_s16le", channels: 6, channel_layout: "5.1" }, "cannot hold", "kept"],
    [{ codec: "pcm_s16le", channels: 4, channel_layout: "quad" }, "cannot hold", "layout is quad"],
    [{ codec: "aac", unsteady: true }, "changes on the way", "changes on the way"],
  ];
  test.each(rows)("%p", (track, mp4, mkv) => {
    for (const [container, expected] of [
      ["mp4", mp4],
      ["mkv", mkv],
    ] as const) {
      const { tracks, notes } = planned(track, { container, audio_codec: "copy" });
      if (expected === "kept")
        expect({ tracks, notes }).toMatchObject({ tracks: [{ action: "copy" }], notes: [] });
      else expect(notes[0]).toContain(expected);
    }
  });
});

describe("lossless", () => {
  const keep = { audio_lossless: "keep" } as const;
  const rows: [Partial<AudioStream>, "mp4" | "mkv", string, number][] = [
    [{ codec: "flac", sample_bits: 16 }, "mkv", "copy flac", 0],
    [{ codec: "flac", sample_bits: 24 }, "mp4", "alac", 1],
    [{ codec: "flac", sample_bits: 24, channels: 8, channel_layout: "7.1" }, "mp4", "flac", 1],
    [{ codec: "pcm_bluray", sample_bits: 24, channels: 6, channel_layout: "5.1" }, "mkv", "flac", 1],
    [{ codec: "pcm_f32le", sample_bits: "float" }, "mp4", "alac", 2],
    [{ codec: "dts", profile: "DTS-HD MA", sample_bits: 24 }, "mkv", "copy dts", 0],
    [{ codec: "dts", profile: "DTS-HD MA + DTS:X", sample_bits: 24 }, "mp4", "alac", 2],
    [{ codec: "truehd", sample_bits: 24, channels: 4, channel_layout: "3.1" }, "mp4", "aac", 3],
    [{ codec: "ac3" }, "mp4", "aac", 0],
  ];
  test.each(rows)("%p in %s", (track, container, expected, notes) => {
    const result = planned(track, { ...keep, container });
    const told = result.tracks.map((one) => (one.action === "copy" ? `copy ${one.codec}` : one.codec));
    expect({ told, notes: result.notes.length }).toEqual({ told: [expected], notes });
  });

  test("is not asked for", () => {
    expect(planned({ codec: "flac" }, { container: "mkv" }).tracks).toMatchObject([{ codec: "aac" }]);
  });
});

describe("a track that this ffmpeg cannot decode", () => {
  const plan = (tracks: Partial<AudioStream>[], changes: Partial<Conversion>) =>
    planAudio({
      media: media({ audio: tracks.map((track, n) => audioStream({ index: n + 1, ...track })) }),
      conversion: conversion(changes),
      capabilities: capabilities(),
    });
  const truehd = { codec: "truehd", undecodable: true };

  test("is copied where the container holds it, whatever was asked for", () => {
    expect(plan([truehd], { container: "mkv", audio_channels: "stereo" })).toMatchObject({
      tracks: [{ index: 1, action: "copy", codec: "truehd", undecodable: true }],
      notes: ["Audio track 1 is kept as it is: this worker's ffmpeg cannot decode it (truehd)."],
    });
  });

  test.each(["truehd", "ac4", "ac3"])("is left out and named where mp4 cannot take it (%s)", (codec) => {
    const planned = plan([{ ...truehd, codec }, {}], { container: "mp4" });
    expect(planned).toMatchObject({ tracks: [{ index: 2, action: "encode" }] });
    expect("notes" in planned && planned.notes[0]).toStartWith(
      `Audio track 1 could not be kept: this worker's ffmpeg cannot decode it (${codec}), and mp4 `,
    );
  });

  test.each([
    ["mp4", "truehd", "With conversion.container: mkv it is kept; another ffmpeg may decode it."],
    ["mkv", "ac4", "mkv cannot hold it as it is. Another ffmpeg may decode it."],
  ] as const)("refuses a film that would lose all of its sound (%s, %s)", (container, codec, end) => {
    const planned = plan([{ ...truehd, codec }], { container });
    expect(planned).toMatchObject({ refusal: { outcome: "retry", reason: "unsupported" } });
    expect("refusal" in planned && planned.refusal.message).toEndWith(end);
  });
});

test("an ffmpeg without libopus makes AAC, and says so", () => {
  const encoders = capabilities().encoders.filter(({ encoder }) => encoder !== "libopus");
  const result = planAudio({
    media: media({ audio: [audioStream()] }),
    conversion: conversion({ audio_codec: "opus" }),
    capabilities: capabilities({ encoders }),
  });
  expect(result).toMatchObject({
    tracks: [{ codec: "aac" }],
    notes: ["Audio track 1 became AAC: this worker's ffmpeg cannot encode Opus (libopus)."],
  });
});

describe("labels", () => {
  const flags = ["default", "forced", "karaoke", "original"];
  test("what a container cannot hold is named", () => {
    const track = { language: "pt-BR", title: "Commentary", flags };
    const mp4 = planned(track);
    expect(mp4.tracks).toMatchObject([
      { language: "por", title: "Commentary", flags: ["default", "forced"] },
    ]);
    expect(mp4.notes).toEqual([
      "Its language is pt-BR, of which mp4 holds por (audio track 1).",
      "It is marked as karaoke, original, which mp4 cannot hold (audio track 1).",
    ]);
    const mkv = planned(track, { container: "mkv" });
    expect(mkv.tracks).toMatchObject([{ language: "pt-BR", flags: ["default", "forced", "original"] }]);
  });
});

test("what is empty or unknown is left out and named", () => {
  for (const track of [{ empty: true }, { channels: 0 }, { codec: "unknown" }]) {
    const { tracks, notes } = planned(track);
    expect(tracks).toEqual([]);
    expect(notes[0]).toContain("Audio track 1 could not be kept");
  }
});
