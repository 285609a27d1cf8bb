import { describe, expect, test } from "bun:test";
import { createTimeline, type Timeline } from "../../src/ffmpeg/timeline.ts";

function timeline(times: number[], duration_s = 1): Timeline {
  const one = createTimeline();
  for (const time of times) one.add(time, duration_s);
  return one.result();
}

describe("packets", () => {
  const rows: [string, number[], Partial<Timeline>][] = [
    ["none", [], { packets: 0, first_s: null, last_s: null, end_s: null, largest_gap_s: 0 }],
    ["one", [5], { packets: 1, first_s: 5, last_s: 5, end_s: 6, largest_gap_s: 0 }],
    ["in order", [0, 1, 2, 3], { packets: 4, first_s: 0, last_s: 3, end_s: 4, largest_gap_s: 1 }],
    ["with B frames", [0, 4, 2, 1, 3, 8, 6, 5, 7], { packets: 9, first_s: 0, last_s: 8, largest_gap_s: 1 }],
    ["with a hole", [0, 1, 2, 7, 8], { packets: 5, largest_gap_s: 5, largest_gap_at_s: 2 }],
    ["that begin before zero", [-1, 0, 1], { first_s: -1, end_s: 2 }],
    ["twice at one time", [0, 1, 1, 2], { packets: 4, largest_gap_s: 1 }],
  ];
  test.each(rows)("%s", (_name, times, expected) => {
    expect(timeline(times)).toMatchObject(expected);
  });
});

test("a hole in a long film of B frames is found where it is", () => {
  const groups = Array.from({ length: 500 }, (_, n) => (n < 250 ? n : n + 10) * 4);
  const result = timeline(groups.flatMap((start) => [start, start + 3, start + 1, start + 2]));
  expect(result).toMatchObject({ packets: 2000, largest_gap_s: 41, largest_gap_at_s: 999 });
});

describe("times without sound", () => {
  const rows: [string, number[], number, number][] = [
    ["none", [0, 1, 2, 3], 1, 0],
    ["rounded to milliseconds", [0, 0.021, 0.043, 0.064], 0.021, 0],
    ["one packet is gone", [0, 1, 3, 4], 1, 1],
    ["two places", [0, 1, 3, 4, 7], 1, 3],
    ["a track that begins late", [5, 6], 1, 0],
    ["packets that do not say how long they last", [0, 0.1, 0.2, 1.2], 0, 0.75],
  ];
  test.each(rows)("%s", (_name, times, duration_s, expected) => {
    expect(timeline(times, duration_s).bare_s).toBeCloseTo(expected, 6);
  });
});

test("texts that begin while another one is shown", () => {
  expect(timeline([0, 1, 2, 2.95]).meanwhile).toBe(0);
  expect(timeline([0, 0.5, 2, 2.2, 2.4]).meanwhile).toBe(3);
});

test("packets that are said to be shorter than they are lack nothing, those that are gone do", () => {
  // As in a transport stream whose sampling rate fell from 48 to 44.1 kHz: 13 to 14 packets follow each time that is told.
  const [told_s, real_s] = [1024 / 48_000, 1024 / 44_100];
  const starts = Array.from({ length: 20 }, (_, n) => ({
    at: n * 13 + Math.floor(n / 3),
    count: n % 3 === 2 ? 14 : 13,
  }));
  const times = starts.flatMap(({ at, count }) =>
    Array.from({ length: count }, (_, k) => 4 + at * real_s + k * told_s),
  );
  expect(timeline(times, told_s).bare_s).toBeLessThan(0.05);
  const steady = Array.from({ length: 400 }, (_, n) => n * told_s);
  const gone = [20, 50, 91, 120, 180, 200, 260, 300, 333];
  const holes = steady.filter((_, n) => !gone.includes(n));
  expect(timeline(holes, told_s).bare_s).toBeCloseTo(gone.length * told_s, 3);
});
