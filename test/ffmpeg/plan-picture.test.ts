import { describe, expect, test } from "bun:test";
import { cropBySelf, shapeNotes } from "../../src/ffmpeg/plan-picture.ts";
import { outputShape } from "../../src/ffmpeg/plan-size.ts";
import { bestPlan, conversion, INTERLACED, media, videoStream } from "./records.ts";

const crop = { left: 1, top: 2, right: 3, bottom: 4, by_ffmpeg: false };

describe("what is cropped of an upright picture", () => {
  const rows: [number, boolean, number[]][] = [
    [0, false, [1, 2, 3, 4]],
    [90, false, [4, 1, 2, 3]],
    [180, false, [3, 4, 1, 2]],
    [270, false, [2, 3, 4, 1]],
    [0, true, [3, 2, 1, 4]],
    [90, true, [2, 1, 4, 3]],
  ];
  test.each(rows)("turned by %d, mirrored %p", (rotation, mirrored, [left, top, right, bottom]) => {
    const film = videoStream({ rotation, mirrored, crop });
    expect(cropBySelf(film)).toEqual({ left, top, right, bottom } as never);
  });

  test("nothing, where ffmpeg does it", () => {
    expect(cropBySelf(videoStream({ crop: { ...crop, by_ffmpeg: true } }))).toBeNull();
    expect(cropBySelf(videoStream())).toBeNull();
  });
});

describe("the shape of the result", () => {
  const square = { num: 1, den: 1 };
  const wide = { num: 64, den: 45 };
  const box = { target_resolution: { width: 320, height: 240 } };
  const rows: [
    string,
    Parameters<typeof videoStream>[0],
    Parameters<typeof conversion>[0],
    [number, number],
    [number, number],
    { num: number; den: number },
  ][] = [
    ["odd: padded", { width: 321, height: 241 }, {}, [322, 242], [321, 241], square],
    ["odd and turned", { width: 321, height: 240, rotation: 90 }, {}, [240, 322], [240, 321], square],
    ["odd, and the box ends there", { width: 320, height: 241 }, box, [318, 240], [318, 240], square],
    ["cropped to an odd size", { width: 64, height: 48, crop }, {}, [60, 42], [60, 42], square],
    [
      "wide pixels",
      { width: 720, height: 576, sample_aspect_ratio: wide },
      {},
      [1024, 576],
      [1024, 576],
      square,
    ],
    [
      "lossless: as it is",
      { width: 721, height: 575, sample_aspect_ratio: wide },
      { codec: "ffv1", container: "mkv" },
      [721, 575],
      [721, 575],
      wide,
    ],
    [
      "lossless and turned",
      { width: 720, height: 576, rotation: 90, sample_aspect_ratio: wide },
      { codec: "ffv1", container: "mkv" },
      [576, 720],
      [576, 720],
      { num: 45, den: 64 },
    ],
  ];
  test.each(rows)("%s", (_name, film, wanted, [width, height], inner, sample_aspect_ratio) => {
    const shape = outputShape(videoStream(film), conversion(wanted));
    expect(shape).toEqual({
      ...{ width, height, sample_aspect_ratio },
      inner: { width: inner[0], height: inner[1] },
    });
  });

  test("is told before the work", () => {
    const film = videoStream({
      ...{ width: 721, height: 577, sample_aspect_ratio: wide },
      ...{ crop, oddities: ["Strange."] },
    });
    expect(shapeNotes(film, outputShape(film, conversion()))).toEqual([
      "Strange.",
      "The picture was cropped from 721x577 to 717x571, as the file says.",
      "The film's pixels are not square (64:45); its picture of 717x571 became 1020x572 with square ones.",
      "The picture of 1020x571 became 1020x572, as codecs want even sizes: its last row or column stands twice.",
    ]);
  });
});

describe("filters", () => {
  const filters = (
    film: Parameters<typeof videoStream>[0],
    wanted: Parameters<typeof conversion>[0] = {},
  ) => {
    const plan = bestPlan({ media: media({ video: [videoStream(film)] }), conversion: conversion(wanted) });
    return plan.video;
  };

  test("a turned film is turned back to find its fields", async () => {
    const { beforeScale } = await import("../../src/ffmpeg/args-picture.ts");
    expect(beforeScale(filters({ ...INTERLACED, rotation: 90, mirrored: true }))).toEqual([
      ...["hflip", "transpose=2", "bwdif=mode=send_frame:parity=tff:deint=all", "setfield=prog"],
      ...["transpose=1", "hflip"],
    ]);
  });

  test("each field becomes a picture, at half the unit of time", () => {
    const plan = filters(INTERLACED, { deinterlace: "full" });
    expect(plan).toMatchObject({ frame_rate: { num: 50, den: 1 }, time_base: { num: 1, den: 25_600 } });
  });
});
