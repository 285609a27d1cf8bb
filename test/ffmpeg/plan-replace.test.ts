import { expect, test } from "bun:test";
import { plan } from "../../src/ffmpeg/plan.ts";
import { NO_FILM_RULES } from "../../src/shared/film-rules.ts";
import type { MediaInfo } from "../../src/shared/media.ts";
import {
  audioStream,
  capabilities,
  conversion,
  gpuUse,
  media,
  subtitleStream,
  videoStream,
} from "./records.ts";

const film = videoStream({ index: 0 });
const sound = audioStream({ index: 1 });
const unknown = audioStream({ index: 2, codec: "unknown", language: "ger" });

/** Of a film that is to be replaced by its result as mp4. */
function planned(changes: Partial<MediaInfo>, replaces = true) {
  return plan({
    media: media({ video: [film], audio: [sound], ...changes }),
    conversion: conversion({ container: "mp4" }),
    ...{ capabilities: capabilities(), gpu: gpuUse(), rules: { ...NO_FILM_RULES, replaces } },
  });
}

test.each<[string, Partial<MediaInfo>, string]>([
  ["its only sound, of an unknown codec", { audio: [unknown] }, "audio track 2 (ger)"],
  ["a second sound", { audio: [sound, { ...unknown, language: null }] }, "audio track 2 (unknown)"],
  [
    "a sound that nobody here decodes, and mp4 cannot hold",
    { audio: [sound, audioStream({ index: 2, codec: "cook", undecodable: true })] },
    "audio track 2 (cook)",
  ],
  [
    "a sound whose form nobody could tell",
    { audio: [sound, audioStream({ index: 2, codec: "aac", channels: 0 })] },
    "audio track 2 (aac)",
  ],
  [
    "a second film",
    { video: [film, videoStream({ index: 2, width: 640, height: 360 })] },
    "video track 2 (h264, 640x360)",
  ],
  [
    "tracks of later parts",
    { joins: { at_s: [5], unread: 2 } },
    "2 tracks that only later parts of the file have",
  ],
])("without %s, a result takes no film's place", (_, changes, what) => {
  const ended = planned(changes);
  if (!("refusal" in ended)) throw new Error("was to be refused");
  expect(ended.refusal).toMatchObject({ outcome: "skipped", reason: "would_lose" });
  expect(ended.refusal.message).toEndWith(`without ${what}.`);
  expect(planned(changes, false)).toHaveProperty("ladder");
});

test.each<[string, Partial<MediaInfo>]>([
  ["nothing", {}],
  ["a track that holds no sound", { audio: [sound, audioStream({ index: 2, empty: true })] }],
  ["a film that never had any sound", { audio: [] }],
  ["a cover", { video: [film, videoStream({ index: 2, attached_picture: true, codec: "gif" })] }],
  ["a still", { video: [film, videoStream({ index: 2, still: true, width: 64, height: 64 })] }],
  [
    "picture subtitles, which a setting leaves out",
    { subtitles: [subtitleStream({ index: 2, codec: "hdmv_pgs_subtitle", text: false })] },
  ],
])("%s is no loss that keeps a film from being replaced", (_, changes) => {
  expect(planned(changes)).toHaveProperty("ladder");
});
