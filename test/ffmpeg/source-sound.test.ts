import { describe, expect, test } from "bun:test";
import { findShortSound, lostSound } from "../../src/ffmpeg/source-sound.ts";
import type { Timeline } from "../../src/ffmpeg/timeline.ts";
import { audioStream, media } from "./records.ts";

function ending(end_s: number): Map<number, Timeline> {
  const rest = { packets: 9, first_s: 0, last_s: end_s, largest_gap_s: 0, largest_gap_at_s: null };
  return new Map([[1, { ...rest, end_s }]]);
}

describe("a track of the result is short", () => {
  const rows: [string, Parameters<typeof audioStream>[0], number, number | null][] = [
    ["whole", {}, 60, null],
    ["within a hundredth", {}, 59.5, null],
    ["half", {}, 30, 60],
    ["short as it says", { duration_s: 30 }, 30, null],
    ["late as it says", { start_s: 15, duration_s: 40 }, 55, null],
    ["late and cut", { start_s: 15, duration_s: 40 }, 40, 55],
    ["short where nothing is said", { duration_s: null }, 30, 58],
  ];
  test.each(rows)("%s", (_name, track, end_s, expected_s) => {
    const source = media({ audio: [audioStream(track)], start_s: 0 });
    const found = findShortSound({ source, sound: ending(end_s), film_end_s: 58 });
    expect(found).toEqual(expected_s === null ? [] : [{ index: 1, end_s, expected_s }]);
  });
});

test("only the source's packets tell whether it was lost", () => {
  const of = { short: [{ index: 1, end_s: 30, expected_s: 60 }], source: media({ start_s: 5 }) };
  expect(lostSound({ ...of, source_timelines: ending(35) })).toEqual([]);
  expect(lostSound({ ...of, source_timelines: ending(65) })).toEqual(of.short);
  expect(lostSound({ ...of, source_timelines: new Map() })).toEqual([]);
});
