import { describe, expect, test } from "bun:test";
import { asPlanned, isSame, wrongShape } from "../../src/ffmpeg/verify-picture.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { bestPlan, conversion, INTERLACED, media, videoStream } from "./records.ts";

function planned(film: Partial<VideoStream> = {}, wanted: Partial<Conversion> = {}) {
  return bestPlan({ media: media({ video: [videoStream(film)] }), conversion: conversion(wanted) }).video;
}

describe("a result that would be shown in another shape", () => {
  const off = planned(INTERLACED, { deinterlace: "off" });
  const rows: [string, ReturnType<typeof planned>, Partial<VideoStream>, string | null][] = [
    ["none", planned(), {}, null],
    ["turned again", planned({ rotation: 90 }), { rotation: 90 }, "asks players to turn"],
    ["mirrored", planned(), { mirrored: true }, "asks players to turn"],
    ["tilted", planned(), { tilted: 45 }, "asks players to turn"],
    [
      "cropped",
      planned(),
      { crop: { left: 2, top: 0, right: 0, bottom: 0, by_ffmpeg: true } },
      "asks players to crop",
    ],
    ["wider pixels", planned(), { sample_aspect_ratio: { num: 16, den: 15 } }, "pixels of 16:15"],
    ["nearly square pixels", planned(), { sample_aspect_ratio: { num: 400, den: 399 } }, null],
    ["interlaced", planned(), INTERLACED, "tells players that its pictures are interlaced"],
    ["interlaced, as asked", off, INTERLACED, null],
    ["not interlaced, though kept", off, {}, "does not tell players"],
  ];
  test.each(rows)("%s", (_name, plan, made, expected) => {
    expect(wrongShape(plan, videoStream(made))).toEqual(
      expected === null ? null : expect.stringContaining(expected),
    );
  });
});

test("of fields, twice as many pictures are expected", () => {
  const film = videoStream({ ...INTERLACED, frames: 100 });
  expect(asPlanned(film, planned(INTERLACED, { deinterlace: "full" }))).toMatchObject({
    ...{ frames: 200, frame_rate: 50, base_frame_rate: 50, exact_rate: { num: 50, den: 1 } },
  });
  expect(asPlanned(film, planned(INTERLACED))).toBe(film);
});

test("covers are compared in their order", () => {
  const [front, back] = [
    videoStream({ codec: "png", width: 64 }),
    videoStream({ codec: "mjpeg", width: 32 }),
  ];
  expect(isSame([front, back], [front, back])).toBe(true);
  expect(isSame([back, front], [front, back])).toBe(false);
  expect(isSame([front], [front, back])).toBe(false);
});
