import { describe, expect, test } from "bun:test";
import {
  comparePictures,
  differs,
  isFrozen,
  PICTURE_BYTES,
  PICTURE_SIZE,
} from "../../src/ffmpeg/picture-difference.ts";

const PLANE = PICTURE_SIZE * PICTURE_SIZE;

/** Brightness by place, with colour planes of one value. */
function picture(brightness: (x: number, y: number) => number, color = 128): Uint8Array {
  const bytes = new Uint8Array(PICTURE_BYTES).fill(color);
  for (let n = 0; n < PLANE; n += 1) bytes[n] = brightness(n % PICTURE_SIZE, Math.floor(n / PICTURE_SIZE));
  return bytes;
}

const ramp = picture((x) => 40 + 5 * x);
const dark = picture((x) => 16 + (x % 8));
const flat = picture(() => 120);

describe("pictures", () => {
  const rows: [string, Uint8Array, Uint8Array, boolean][] = [
    ["the same", ramp, ramp, false],
    ["a little brighter and coarser", ramp, picture((x) => 46 + 5 * (x - (x % 4))), false],
    ["a green film", ramp, picture(() => 0, 0), true],
    ["a green film of a dark one", dark, picture(() => 0, 0), true],
    ["black where the source is not", ramp, picture(() => 16), true],
    ["grey where the source is not", ramp, picture(() => 118), true],
    ["another picture of the same brightness", ramp, picture((_x, y) => 40 + 5 * y), true],
    ["upside down", picture((_x, y) => 40 + 5 * y), picture((_x, y) => 195 - 5 * y), true],
    ["flat and flat", flat, flat, false],
    ["flat with the noise of an encoder", flat, picture((x, y) => 118 + ((x + y) % 4)), false],
    ["flat, of another colour", flat, picture(() => 120, 200), true],
  ];
  test.each(rows)("%s", (_name, source, result, expected) => {
    expect(differs(comparePictures(source, result))).toBe(expected);
  });
});

describe("frozen", () => {
  const rows: [string, { source: number; result: number }[], boolean][] = [
    ["both move", [{ source: 5, result: 5 }], false],
    ["both stand", [{ source: 0.2, result: 0.1 }], false],
    [
      "only the source moves",
      [
        { source: 5, result: 0 },
        { source: 9, result: 0.1 },
      ],
      true,
    ],
    [
      "the result moves somewhere",
      [
        { source: 5, result: 0 },
        { source: 9, result: 3 },
      ],
      false,
    ],
    ["nothing is known", [], false],
  ];
  test.each(rows)("%s", (_name, changes, expected) => {
    expect(isFrozen(changes)).toBe(expected);
  });
});
