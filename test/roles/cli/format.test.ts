import { expect, test } from "bun:test";
import { ago, bytes, count, moment, percent, seconds } from "../../../src/roles/cli/format.ts";

test.each<[number, string | undefined, string]>([
  [0, undefined, "0"],
  [45_230, undefined, "45,230"],
  [2.54, undefined, "2.5"],
  [1, "job", "1 job"],
  [0, "job", "0 jobs"],
  [1200, "file", "1,200 files"],
])("count(%p, %p) is %p", (value, noun, text) => expect(count(value, noun)).toBe(text));

test.each<[number, number, string]>([
  [12_450, 45_230, "27.5%"],
  [0, 100, "0.0%"],
  [0, 0, "0.0%"],
  [1, 100_000, "<0.1%"],
  [99_999, 100_000, ">99.9%"],
  [100, 100, "100.0%"],
  [3, 2, "150.0%"],
])("%p of %p is %p", (part, total, text) => expect(percent(part, total)).toBe(text));

test.each<[number, string]>([
  [0, "0 B"],
  [0.4, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1_073_741_824, "1.0 GiB"],
  [1.5 * 1024 ** 4, "1.5 TiB"],
  [5000 * 1024 ** 5, "5000.0 PiB"],
])("%p bytes are %p", (value, text) => expect(bytes(value)).toBe(text));

test.each<[number, string]>([
  [0, "0 s"],
  [0.44, "0.4 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [59.6, "1 min"],
  [65, "1 min 5 s"],
  [3600, "1 h"],
  [11_520, "3 h 12 min"],
  [90_000, "1 d 1 h"],
  [42 * 86_400 + 5000, "42 days"],
  [12_345 * 86_400, "12,345 days"],
])("%p seconds are %p", (value, text) => expect(seconds(value)).toBe(text));

test("times are told relative to now, or in UTC", () => {
  const now = Date.parse("2026-01-01T00:01:00Z");
  expect(ago("2026-01-01T00:00:00Z", now)).toBe("1 min ago");
  expect(ago("2026-01-01T00:02:00Z", now)).toBe("0 s ago");
  expect(ago(null, now)).toBe("never");
  expect(moment("2026-11-22T08:46:08.123Z")).toBe("2026-11-22 08:46:08 UTC");
});
