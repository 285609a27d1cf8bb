import { expect, test } from "bun:test";
import { outputKey, outputNames } from "../../../src/roles/master/output-names.ts";

const first = (source_rel: string, count: number) => [...outputNames(source_rel, "mp4").take(count)];

test.each([
  ["a.mkv", ["a.mp4", "a.mkv.mp4", "a.mkv.2.mp4", "a.mkv.3.mp4"]],
  ["dir/sub/a.b.avi", ["dir/sub/a.b.mp4", "dir/sub/a.b.avi.mp4", "dir/sub/a.b.avi.2.mp4"]],
])("%s may become %p", (source_rel, names) => {
  expect(first(source_rel, names.length)).toEqual(names);
});

test.each(["x".repeat(255 - 4), "ü".repeat(125), "😀".repeat(62)])("a long name fits: %s", (stem) => {
  const names = first(`d/${stem}.mkv`, 3);
  for (const name of names) expect(Buffer.byteLength(name.slice(2))).toBeLessThanOrEqual(255);
  expect(new Set(names).size).toBe(3);
  expect(names.join("")).not.toContain("\ufffd");
});

test("long names that begin alike stay apart", () => {
  const of = (end: string) => first(`${"x".repeat(250)}${end}.mkv`, 1)[0];
  expect(of("a")).not.toBe(of("b"));
});

test("keys ignore case and Unicode form", () => {
  expect(outputKey("D/A\u0308.MP4")).toBe(outputKey("d/ä.mp4"));
});
