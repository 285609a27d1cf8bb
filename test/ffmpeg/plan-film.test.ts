import { describe, expect, test } from "bun:test";
import { mainFilm } from "../../src/ffmpeg/plan-film.ts";
import { bestPlan, conversion, media, videoStream } from "./records.ts";

type Stream = Parameters<typeof videoStream>[0];

describe("the film of several video tracks", () => {
  const small = { width: 320, height: 240 };
  const rows: [string, Stream[], number | undefined][] = [
    ["the only one", [{}], 0],
    ["not the cover before it", [{ attached_picture: true, width: 4000 }, {}], 1],
    ["the larger one", [small, {}], 1],
    ["the default one", [{ default: false }, small], 1],
    ["the first of equals", [{}, {}], 0],
    ["not a short clip beside it", [{ duration_s: 2, width: 4000 }, { duration_s: 60 }], 1],
    ["not one frame", [{ frames: 1, width: 4000 }, { frames: 500 }], 1],
    ["not a row of thumbnails", [{ still: true }, small], 1],
    ["not one that ffmpeg does not know", [{ codec: "unknown" }, small], 1],
    ["one of a single frame where there is no other", [{ frames: 1 }], 0],
    ["an unknown one where there is no other", [{ codec: "unknown" }], 0],
    ["none but a cover", [{ attached_picture: true }], undefined],
    ["none", [], undefined],
  ];
  test.each(rows)("%s", (_name, streams, expected) => {
    const video = streams.map((stream, index) => videoStream({ index, ...stream }));
    expect(mainFilm(media({ video }))?.index).toBe(expected as never);
  });
});

test("what is left out is named, what is kept keeps its name", () => {
  const video = [
    videoStream({ index: 0, width: 640, height: 480 }),
    videoStream({ index: 1 }),
    videoStream({ index: 2, attached_picture: true, codec: "png", filename: "front.png" }),
    videoStream({ index: 3, attached_picture: true, codec: "mjpeg" }),
    videoStream({ index: 4, attached_picture: true, codec: "hevc" }),
  ];
  const plan = bestPlan({ media: media({ video }), conversion: conversion({ container: "mkv" }) });
  expect(plan.covers).toMatchObject([
    { index: 2, filename: "front.png", mimetype: "image/png" },
    { index: 3, filename: "cover_2.jpg", mimetype: "image/jpeg" },
  ]);
  expect(plan.notes).toEqual([
    "A further video track (0, h264, 640x480) was left out: only the main one is converted.",
    "A cover picture (hevc) was left out: mkv has no place for it.",
  ]);
});
