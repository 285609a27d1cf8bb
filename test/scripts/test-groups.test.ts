import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { groupTests, LONG_TESTS } from "../../scripts/test-groups.ts";

test("long files run alone, longest first, and every other one in some lot, once", () => {
  const long = Object.keys(LONG_TESTS).map((name) => `./test/${name}.test.ts`);
  const quick = Array.from({ length: 70 }, (_, n) => `./test/shared/no-${n}.test.ts`);
  const files = [...quick, ...long];
  const groups = groupTests(files.toReversed());
  const first = groups.slice(0, long.length).flat();
  expect(first).toHaveLength(long.length);
  const seconds = first.map((file) => LONG_TESTS[file.slice("./test/".length, -".test.ts".length)] ?? 0);
  expect(seconds).toEqual(Object.values(LONG_TESTS).sort((a, b) => b - a));
  expect(groups.slice(long.length).map((group) => group.length)).toEqual([30, 30, 10]);
  expect(groups.flat().sort()).toEqual(files.sort());
});

test("no file at all is no group", () => {
  expect(groupTests([])).toEqual([]);
});

test.each(Object.entries(LONG_TESTS))("%s, which takes %d s, exists", (name, seconds) => {
  expect(existsSync(`test/${name}.test.ts`)).toBe(true);
  expect(seconds).toBeGreaterThan(0);
});
