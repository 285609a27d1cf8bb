import { describe, expect, test } from "bun:test";
import { findShortSound, lookIntoSource } from "../../src/ffmpeg/source-sound.ts";
import { EMPTY_TIMELINE, type Timeline } from "../../src/ffmpeg/timeline.ts";
import { audioStream, media } from "./records.ts";

function ending(end_s: number): Map<number, Timeline> {
  return new Map([[1, { ...EMPTY_TIMELINE, packets: 9, first_s: 0, last_s: end_s, end_s }]]);
}

describe("a track of the result is short", () => {
  const rows: [string, Parameters<typeof audioStream>[0], number, number | null][] = [
    ["whole", {}, 60, null],
    ["within two packets", {}, 59.8, null],
    ["by more", {}, 59.6, 60],
    ["half", {}, 30, 60],
    ["short as it says", { duration_s: 30 }, 30, null],
    ["late as it says", { start_s: 15, duration_s: 40 }, 55, null],
    ["late and cut", { start_s: 15, duration_s: 40 }, 40, 55],
    ["short where nothing is said", { duration_s: null }, 30, 58],
    ["a little short where nothing is said", { duration_s: null }, 57.6, null],
    ["without any packet", {}, 0, 60],
  ];
  test.each(rows)("%s", (_name, track, end_s, expected_s) => {
    const source = media({ format: "mov,mp4", audio: [audioStream(track)], start_s: 0 });
    const found = findShortSound({ source, sound: ending(end_s), film_end_s: 58 });
    const claimed = track?.duration_s !== null;
    expect(found).toEqual(expected_s === null ? [] : [{ index: 1, end_s, expected_s, claimed }]);
  });

  test("Matroska's tag may count from the film's start", () => {
    const late = audioStream({ start_s: 15, duration_s: 40 });
    const source = media({ audio: [late], start_s: 0 });
    expect(findShortSound({ source, sound: ending(40), film_end_s: 58 })).toEqual([]);
    expect(findShortSound({ source, sound: ending(39), film_end_s: 58 })).toMatchObject([{ expected_s: 40 }]);
  });
});

describe("the source's packets tell", () => {
  const short = [{ index: 1, end_s: 30, expected_s: 60, claimed: true }];
  const of = { short, sound: ending(30), source: media({ start_s: 5 }) };

  test("whether it was lost", () => {
    expect(lookIntoSource({ ...of, source_timelines: ending(35) }).lost).toEqual([]);
    expect(lookIntoSource({ ...of, source_timelines: ending(65) }).lost).toEqual(short);
    expect(lookIntoSource({ ...of, source_timelines: new Map() }).lost).toEqual([]);
  });

  test("by their lengths where its clock stands still", () => {
    const still = new Map([
      [1, { ...EMPTY_TIMELINE, packets: 100, first_s: 5, last_s: 5, end_s: 5.02, lasts_s: 55 }],
    ]);
    expect(lookIntoSource({ ...of, source_timelines: still }).lost).toMatchObject([
      { expected_s: 55, still: true },
    ]);
  });

  test("what is missing inside", () => {
    const bare = new Map([
      [1, { ...EMPTY_TIMELINE, bare_s: 2 }],
      [7, { ...EMPTY_TIMELINE, bare_s: 3 }],
    ]);
    expect(lookIntoSource({ ...of, source_timelines: bare }).bare).toEqual([{ index: 1, bare_s: 2 }]);
    expect(lookIntoSource({ ...of, source_timelines: ending(65) }).bare).toEqual([]);
  });
});
