import { expect, test } from "bun:test";
import { isIndexed, randomPlaces, samplePlaces, windowAt } from "../../src/ffmpeg/quality-places.ts";
import { media } from "./records.ts";

test("samples lie spread over the film, and short films are used whole", () => {
  const table: [number | null, number[], number][] = [
    [0.5, [0], 0],
    [15, [0], 0],
    [30, [3.5, 13.5, 23.5], 3],
    [7200, [718.5, 2158.5, 3598.5, 5038.5, 6478.5], 3],
    [null, [0], 15],
  ];
  for (const [duration_s, at_s, length_s] of table) {
    expect([duration_s, samplePlaces(duration_s)]).toEqual([duration_s, { at_s, length_s }]);
  }
});

test("random places are inside of the film, each in a part of its own", () => {
  for (const duration_s of [16, 40, 600, 7200]) {
    for (const random of [() => 0, () => 0.999, Math.random]) {
      const { at_s, length_s } = randomPlaces(duration_s, random);
      expect(at_s.length).toBeGreaterThanOrEqual(4);
      expect(at_s.length).toBeLessThanOrEqual(12);
      expect(at_s.every((one, n) => one > (at_s[n - 1] ?? -1) && one + length_s <= duration_s)).toBe(true);
    }
  }
  expect(randomPlaces(10, () => 0.5)).toEqual({ at_s: [0], length_s: 0 });
});

test("a window has the times of the film's own file; a film that is used whole has none", () => {
  expect(windowAt({ at_s: [4], length_s: 3 }, 4, 100.5)).toEqual({ from_s: 104.5, to_s: 107.5 });
  expect(windowAt({ at_s: [0], length_s: 0 }, 0, 100.5)).toBeNull();
});

test("some containers know where keyframes are", () => {
  const table: [string, boolean][] = [
    ["matroska,webm", true],
    ["mov,mp4,m4a,3gp,3g2,mj2", true],
    ["mpegts", false],
    ["mpeg", false],
  ];
  for (const [format, known] of table)
    expect([format, isIndexed(media({ format }))]).toEqual([format, known]);
});
