import { describe, expect, test } from "bun:test";
import { createTimes, misplacedFrame } from "../../src/ffmpeg/frame-times.ts";

const times = (...of: number[]) => Float64Array.from(of);

describe("a frame at a time at which the source has none", () => {
  const source = times(0, 0.04, 0.12, 0.2);
  const rows: [string, Partial<Parameters<typeof misplacedFrame>[0]>, number | null][] = [
    ["none", { result: source }, null],
    ["rounded to milliseconds", { result: times(0, 0.041, 0.12, 0.199) }, null],
    ["some are missing", { result: times(0.04, 0.2) }, null],
    [
      "the file begins later",
      { source: times(10, 10.04, 10.12), result: times(0, 0.04, 0.12), start_s: 10 },
      null,
    ],
    ["all moved by less than a frame", { result: times(0.023, 0.063, 0.143, 0.223) }, null],
    ["one is elsewhere", { result: times(0, 0.04, 0.08, 0.2) }, 0.08],
    ["evenly spread", { result: times(0, 0.0667, 0.1333, 0.2) }, 0.0667],
    ["one too many", { result: times(0, 0.04, 0.12, 0.2, 0.24) }, 0.24],
    ["two at one time", { result: times(0, 0.04, 0.04, 0.12) }, 0.04],
    ["fields between frames", { result: times(0, 0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24), per: 2 }, null],
    ["fields at the frames' times", { result: times(0, 0.01, 0.04), per: 2 }, 0.01],
    ["the source has two at one time", { source: times(0, 0, 0.04), result: times(0, 0.001, 0.04) }, null],
    ["nothing to compare", { result: times() }, null],
    ["nothing to compare with", { source: times(), result: source }, null],
  ];
  test.each(rows)("%s", (_name, changes, expected) => {
    expect(misplacedFrame({ source, result: source, start_s: 0, per: 1, ...changes })).toBe(expected);
  });
});

test("times are gathered in any order, and many of them", () => {
  const gathered = createTimes();
  for (let n = 5000; n > 0; n -= 1) gathered.add(n);
  const all = gathered.result();
  expect([all.length, all[0], all[4999]]).toEqual([5000, 1, 5000]);
});
