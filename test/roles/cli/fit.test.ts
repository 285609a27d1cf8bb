import { expect, test } from "bun:test";
import { cutMiddle, wrap } from "../../../src/roles/cli/fit.ts";

test.each<[string, number, string]>([
  ["short", 5, "short"],
  ["a long name.mkv", 9, "a lo….mkv"],
  ["a long name.mkv", 10, "a lon….mkv"],
  ["映画映画映画", 7, "映…画"],
  ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 5, "👩‍👩‍👧‍👦…👩‍👩‍👧‍👦"],
  ["abc", 1, "…"],
])("%j in %i places is %j", (text, width, expected) => {
  expect(cutMiddle(text, width)).toBe(expected);
  expect(Bun.stringWidth(cutMiddle(text, width))).toBeLessThanOrEqual(width);
});

test.each<[string, number, string[]]>([
  ["short", 5, ["short"]],
  ["", 5, [""]],
  ["one two three", 8, ["one two", "three"]],
  ["one two three", 7, ["one two", "three"]],
  ["onetwothree", 5, ["onetw", "othre", "e"]],
  ["└─ one two three", 10, ["└─ one two", "   three"]],
  ["├─ one two three", 10, ["├─ one two", "│  three"]],
  ["│  └─ one two", 9, ["│  └─ one", "two"]],
  ["│  └─ one two", 12, ["│  └─ one", "│     two"]],
  ["├─ wide", 4, ["├─", "wide"]],
  ["映画映画", 5, ["映画", "映画"]],
  ["映", 1, ["映"]],
])("%j in lines of %i", (line, width, expected) => expect(wrap(line, width)).toEqual(expected));
