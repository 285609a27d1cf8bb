import { expect, test } from "bun:test";
import { parseBitRate, parseDuration, parseResolution, parseSize } from "../../src/shared/units.ts";

test.each<[string, number | null]>([
  ["30s", 30_000],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["1.5s", 1500],
  ["1d", 86_400_000],
  [" 30s ", 30_000],
  ["0", 0],
  ["0s", 0],
  ["", null],
  ["30", null],
  ["s", null],
  ["-5s", null],
  ["5 m", null],
  ["1h30", null],
  ["1h,30m", null],
  ["forever", null],
  ["10000d", 864_000_000_000],
  ["1000000d", null],
])("a duration of %p is %p ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each<[string, number | null]>([
  ["1024", 1024],
  ["500M", 524_288_000],
  ["20 GB", 21_474_836_480],
  ["20GiB", 21_474_836_480],
  ["1.5k", 1536],
  ["2T", 2_199_023_255_552],
  ["", null],
  ["M", null],
  ["-1M", null],
  ["5X", null],
])("a size of %p is %p bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

test.each<[string, number | null]>([
  ["5M", 5_000_000],
  ["128k", 128_000],
  ["800000", 800_000],
  ["2.5 Mbit/s", 2_500_000],
  ["1G", 1_000_000_000],
  ["5MB", null],
  ["fast", null],
  ["", null],
])("a bit rate of %p is %p bit/s", (text, rate) => expect(parseBitRate(text)).toBe(rate));

test.each<[string, { width: number; height: number } | null]>([
  ["1920x1080", { width: 1920, height: 1080 }],
  ["1080x1920", { width: 1080, height: 1920 }],
  ["1080p", null],
  ["1920X1080", null],
  ["1920x", null],
  ["0x0", null],
])("a resolution of %p is %p", (text, size) => expect(parseResolution(text)).toEqual(size));
