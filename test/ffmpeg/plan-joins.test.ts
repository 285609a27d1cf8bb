import { expect, test } from "bun:test";
import { joinNotes } from "../../src/ffmpeg/plan-joins.ts";
import { media } from "./records.ts";

test.each<[number[], number, string[]]>([
  [[4.04], 0, ["at 4.0 s; the result"]],
  [[1, 2], 1, ["at 1.0 s, 2.0 s; the result", "A track that only a later part has is left out."]],
  [Array.from({ length: 12 }, (_, n) => n), 2, ["9.0 s and 2 more places;", "2 tracks that only later"]],
])("parts from %p on", (at_s, unread, expected) => {
  const notes = joinNotes({ ...media(), joins: { at_s, unread } });
  expect(notes).toHaveLength(expected.length);
  for (const [n, part] of expected.entries()) expect(notes[n]).toContain(part);
});

test("any other film", () => {
  expect(joinNotes(media())).toEqual([]);
});
