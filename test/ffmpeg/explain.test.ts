import { describe, expect, test } from "bun:test";
import { explain } from "../../src/ffmpeg/explain.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { MediaInfo } from "../../src/shared/media.ts";
import { audioStream, bestPlan, conversion, media, subtitleStream, videoStream } from "./records.ts";

/** A film with one of everything. */
const full = media({
  video: [
    videoStream({ width: 3840, height: 2160, frame_rate: 23.976, bit_rate: 20e6 }),
    videoStream({ index: 7, codec: "mjpeg", attached_picture: true, width: 600, height: 600 }),
    videoStream({ index: 8, width: 320, height: 180, default: false }),
  ],
  audio: [
    audioStream({ language: "eng", channels: 6, channel_layout: "5.1" }),
    audioStream({ index: 2, codec: "unknown", channels: 0, channel_layout: null, title: "Kommentar" }),
  ],
  subtitles: [
    subtitleStream({ index: 3, language: "deu" }),
    subtitleStream({ index: 4, codec: "hdmv_pgs_subtitle", text: false }),
  ],
  other: [
    { index: 5, kind: "attachment", codec: "ttf", mimetype: "font/ttf", filename: "a.ttf", tag: null },
    { index: 6, kind: "data", codec: "bin_data", mimetype: null, filename: null, tag: null },
  ],
});

function explained(changes: Partial<Conversion>, of: MediaInfo = full) {
  const wanted = conversion(changes);
  return explain({ media: of, conversion: wanted, plan: bestPlan({ media: of, conversion: wanted }) });
}

describe("every track is told, in the order of the file", () => {
  test.each<["mp4" | "mkv"]>([["mp4"], ["mkv"]])("in %s", (container) => {
    const { streams } = explained({ container });
    expect(streams.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(streams.map(({ kind }) => kind)).toEqual([
      ...["video", "audio", "audio", "subtitle", "subtitle", "attachment", "data", "cover", "video"],
    ]);
    expect(streams.filter(({ why }) => why.length === 0)).toEqual([]);
    expect(streams.filter(({ fate }) => fate === "none")).toEqual([]);
    expect(streams.filter(({ fate, becomes }) => (fate === "left out") !== (becomes === null))).toEqual([]);
  });

  test("a track that is left out has the reason of the plan's own note, and no other", () => {
    const { streams, notes } = explained({ container: "mp4" });
    const why = (index: number) => streams.find((one) => one.index === index)?.why.join(" ");
    expect(why(2)).toContain("ffmpeg does not know its codec");
    expect(why(4)).toContain("hdmv_pgs_subtitle");
    expect(why(6)).toContain("bin_data");
    expect(notes.filter((note) => /track [2468]\b/i.test(note))).toEqual([]);
  });
});

describe("the film", () => {
  test("is described, with what becomes of it", () => {
    const [film] = explained({ target_resolution: { width: 1920, height: 1080 }, bitrate: 5e6 }).streams;
    expect(film).toMatchObject({
      is: "h264 (High), 3840x2160, 23.976 fps, 8 bits, 20000 kbit/s",
      fate: "converted",
      becomes: "h264, 1920x1080, 8 bits, at most 5000 kbit/s",
    });
    expect(film?.why).toContain("It is fitted into conversion.target_resolution (1920x1080).");
  });

  test.each<[Parameters<typeof videoStream>[0], string]>([
    [{ rotation: 90 }, "It is turned upright, by 90 degrees."],
    [{ mirrored: true }, "It is mirrored, as it is meant to be seen."],
    [{ sample_aspect_ratio: { num: 4, den: 3 } }, "Its pixels become square."],
  ])("%p is told", (film, sentence) => {
    expect(explained({}, media({ video: [videoStream(film)] })).streams[0]?.why).toContain(sentence);
  });
});

test("without a plan only what the file holds is told", () => {
  const { streams, notes } = explain({ media: full, conversion: conversion(), plan: null });
  expect(new Set(streams.map(({ fate }) => fate))).toEqual(new Set(["none"]));
  expect(notes).toEqual([]);
});

test("the list of chapters of an mp4 is no track that is lost", () => {
  const list = { index: 5, kind: "data", codec: "bin_data", mimetype: null, filename: null, tag: "text" };
  const of = media({ other: [list], chapters: 2, chapter_titles: ["One", null] });
  expect(explained({}, of).streams.at(-1)).toMatchObject({ index: 5, fate: "kept" });
  expect(explained({}, { ...of, chapters: 0 }).streams.at(-1)).toMatchObject({ index: 5, fate: "left out" });
});

test("picture subtitles beside the film are kept, and said to be there", () => {
  const { streams } = explained({ subtitles: "beside" });
  expect(streams[4]).toMatchObject({ fate: "kept", becomes: "as it is, in a file beside the film (.sup)" });
});
