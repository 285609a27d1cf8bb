import { expect, test } from "bun:test";
import * as v from "valibot";
import { AttemptReport, MOST_NOTES_LENGTH, tellableNotes } from "../../src/shared/job.ts";

test("few notes are told as they are", () => {
  const notes = ["one", "two"];
  expect(tellableNotes(notes)).toBe(notes);
});

test.each([
  ["many", Array.from({ length: 3000 }, (_, n) => `note ${n} ${"x".repeat(50)}`)],
  ["long ones", ["first", "y".repeat(MOST_NOTES_LENGTH), "last"]],
])("of too many, those that fit are told, and how many are not: %s", (_, notes) => {
  const told = tellableNotes(notes);
  expect(v.is(AttemptReport, { notes })).toBe(false);
  expect(v.is(AttemptReport, { notes: told })).toBe(true);
  expect(told[0]).toBe(notes[0] ?? "");
  expect(told.at(-1)).toBe(`${notes.length - told.length + 1} further notes are too long to be kept.`);
});
