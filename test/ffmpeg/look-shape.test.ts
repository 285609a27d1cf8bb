import { describe, expect, test } from "bun:test";
import { createChanges, withShapes } from "../../src/ffmpeg/look-shape.ts";
import type { PictureShape, Rational } from "../../src/shared/media.ts";
import { videoStream } from "./records.ts";

const shape = (from_s: number, width: number, height: number, aspect = [1, 1]): PictureShape => {
  const [num = 1, den = 1] = aspect;
  return { from_s, width, height, sample_aspect_ratio: { num, den } };
};

describe("changes", () => {
  test("count from the first of two pictures on; one alone is damage", () => {
    const { add, result } = createChanges();
    for (const at of [0, 1, 2]) add(shape(at, 96, 64));
    add(shape(3, 8000, 8000));
    for (const at of [4, 5]) add(shape(at, 96, 64));
    for (const at of [6, 7, 8]) add(shape(at, 192, 128));
    add(shape(9, 10, 10));
    expect(result()).toEqual({ shapes: [shape(0, 96, 64), shape(6, 192, 128)], last_s: 9 });
  });
});

describe("the film's shape", () => {
  const square: Rational = { num: 1, den: 1 };
  const rows: [
    string,
    PictureShape[],
    number,
    { width: number; height: number; sample_aspect_ratio: Rational },
  ][] = [
    [
      "that is shown the longest, together",
      [shape(0, 720, 576, [16, 15]), shape(10, 720, 576, [64, 45]), shape(16, 720, 576, [16, 15])],
      20,
      { width: 720, height: 576, sample_aspect_ratio: { num: 16, den: 15 } },
    ],
    [
      "enlarged to what is stored larger",
      [shape(0, 96, 64), shape(10, 192, 128)],
      12,
      { width: 192, height: 128, sample_aspect_ratio: square },
    ],
    [
      "not made smaller",
      [shape(0, 192, 128), shape(10, 96, 64)],
      12,
      { width: 192, height: 128, sample_aspect_ratio: square },
    ],
    [
      "enlarged until a wider one fits with all its columns",
      [shape(0, 720, 576, [16, 15]), shape(10, 1920, 1080)],
      12,
      { width: 1800, height: 1440, sample_aspect_ratio: { num: 16, den: 15 } },
    ],
  ];
  test.each(rows)("%s", (_, shapes, last_s, wanted) => {
    expect(withShapes(videoStream(), { shapes, last_s })).toMatchObject({ ...wanted, shapes });
  });

  test("stays where nothing was seen", () => {
    expect(withShapes(videoStream(), { shapes: [], last_s: 0 })).toEqual(videoStream());
  });
});
