import { describe, expect, test } from "bun:test";
import { byOwnClock, fitting } from "../../src/ffmpeg/args-picture.ts";
import { type FitPlan, planFit } from "../../src/ffmpeg/plan-fit.ts";
import type { PictureShape } from "../../src/shared/media.ts";
import { bestPlan, conversion, media, videoStream } from "./records.ts";

const narrow = { width: 720, height: 576, sample_aspect_ratio: { num: 16, den: 15 } };
const wide = { ...narrow, sample_aspect_ratio: { num: 64, den: 45 } };
const large = { width: 1920, height: 1080, sample_aspect_ratio: { num: 1, den: 1 } };
const at = (from_s: number, shape: Omit<PictureShape, "from_s">): PictureShape => ({ from_s, ...shape });

function planned(
  shapes: PictureShape[] | undefined,
  changes: Parameters<typeof conversion>[0] = {},
  rotation = 0,
): FitPlan {
  const film = videoStream({ ...wide, rotation, ...(shapes === undefined ? {} : { shapes }) });
  return planFit({ film, media: media({ video: [film], start_s: 1.4 }), conversion: conversion(changes) });
}

describe("what brings pictures into one shape", () => {
  test("the shape of pixels by the clock, half a picture before it changes", () => {
    expect(planned([at(1.4, narrow), at(11.4, wide)])).toEqual({
      start_s: 1.4,
      aspects: [
        { from_s: 1.38, aspect: { num: 16, den: 15 } },
        { from_s: 11.38, aspect: { num: 64, den: 45 } },
      ],
    });
  });

  test("a size that changes needs no clock", () => {
    const small = { ...large, width: 960, height: 540 };
    expect(planned([at(1.4, large), at(11.4, small)])?.aspects).toHaveLength(1);
  });

  test("turned pixels", () => {
    expect(planned([at(0, narrow), at(1, large)], {}, 90)?.aspects[0]?.aspect).toEqual({ num: 15, den: 16 });
  });

  test("nothing, for films of one shape, and for lossless ones of one size", () => {
    expect(planned(undefined)).toBeNull();
    const lossless = { codec: "ffv1", container: "mkv" } as const;
    expect(planned([at(0, narrow), at(1, wide)], lossless)).toBeNull();
    expect(planned([at(0, narrow), at(1, large)], lossless)).not.toBeNull();
  });
});

describe("its filters", () => {
  const film = videoStream({ ...wide, shapes: [at(1.4, narrow), at(11.4, wide)] });
  const { video } = bestPlan({ media: media({ video: [film], start_s: 1.4 }), conversion: conversion() });

  test("scale to fit, and put black around", () => {
    const [scale, pad] = fitting(video, "flags=bicubic");
    expect(scale).toContain("576*iw*(16/15+gte(t,9.9800)*(64/45-16/15))/ih/(1/1)");
    expect(scale).toContain("gt(ld(0),1024*0.99),1024");
    expect(pad).toBe("pad=1024:576:(ow-iw)/2:(oh-ih)/2:eval=frame");
  });

  test("by the file's own clock", () => {
    expect(fitting(byOwnClock(video), "")[0]).toContain("gte(t,11.3800)");
  });

  test("none where all have one shape", () => {
    expect(
      fitting(bestPlan({ media: media({ video: [videoStream()] }), conversion: conversion() }).video, ""),
    ).toEqual([]);
  });
});
