import { expect, test } from "bun:test";
import { wrongAudio } from "../../src/ffmpeg/verify-audio.ts";
import type { AudioStream } from "../../src/shared/media.ts";
import { audioStream, bestPlan, conversion, media } from "./records.ts";

const track = { codec: "ac3", channels: 6, channel_layout: "5.1(side)", language: "ger", title: "Ton" };
const marked = { ...track, flags: ["comment", "default"] };
const plan = bestPlan({ media: media({ audio: [audioStream(marked)] }), conversion: conversion() });
const good = { ...marked, codec: "aac", channel_layout: "5.1" };

const rows: [string, Partial<AudioStream>, string | null][] = [
  ["as planned", {}, null],
  ["the title as the handler's name", { title: null, handler: "Ton" }, null],
  ["an untold layout", { channel_layout: null }, null],
  ["stereo", { channels: 2, channel_layout: "stereo" }, "audio track 1 has 2 channels, not 6"],
  ["another layout", { channel_layout: "hexagonal" }, "audio track 1 is hexagonal, not 5.1"],
  ["another rate", { sample_rate: 44_100 }, "audio track 1 has 44100 Hz, not 48000"],
  ["no language", { language: null }, "audio track 1 has no language, not ger"],
  ["another title", { title: "Sound" }, 'audio track 1 has the title "Sound", not "Ton"'],
  ["no comment", { flags: ["default"] }, "audio track 1 is marked as default, not comment, default"],
];
test.each(rows)("%s", (_name, changes, expected) => {
  expect(wrongAudio(plan, [audioStream({ ...good, ...changes })])).toBe(expected);
});

test("mp4's first track is the default where none is", () => {
  const plain = bestPlan({ media: media({ audio: [audioStream({ flags: [] })] }), conversion: conversion() });
  expect(wrongAudio(plain, [audioStream({ flags: ["default"] })])).toBeNull();
  expect(wrongAudio(plain, [audioStream({ flags: ["dub"] })])).toContain("marked as dub");
  expect(wrongAudio(plain, [])).toBe("audio track 1 is missing");
});
