import { expect, test } from "bun:test";
import { judgeSettled } from "../../../src/roles/master/settle.ts";

const NOW = { wall_ms: 1_000_000, monotonic_ms: 50_000 };
const file = (changed_ms: number, size = 7) => ({ source_rel: "a", size, mtime_ns: "5", changed_ms });
const watched = (since_ms: number, size = 7) => ({ size, mtime_ns: "5", since_ms });
const judge = (changed_ms: number, seen?: ReturnType<typeof watched>, settle_ms = 30_000) =>
  judgeSettled({ file: file(changed_ms), watched: seen, settle_ms, now: NOW });

test.each([
  ["an old file", judge(970_000)],
  ["no settling wanted", judge(1_000_000, undefined, 0)],
  ["times in the future, but seen unchanged for long", judge(9_000_000, watched(20_000))],
])("settled: %s", (_, verdict) => expect(verdict).toEqual({ settled: true }));

test.each([
  ["a new file", judge(999_000), 50_000, 29_000],
  ["times in the future", judge(9_000_000), 50_000, 30_000],
  ["times in the future, seen for a while", judge(9_000_000, watched(45_000)), 45_000, 25_000],
  ["changed since it was seen", judge(999_000, watched(10_000, 6)), 50_000, 29_000],
  ["seen for longer than its times say", judge(999_000, watched(30_000)), 30_000, 10_000],
])("still changing: %s", (_, verdict, since_ms, due_in_ms) =>
  expect(verdict).toEqual({ settled: false, watched: watched(since_ms), due_in_ms }),
);
