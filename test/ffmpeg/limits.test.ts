import { expect, test } from "bun:test";
import { memoryLimit, sizeLimit } from "../../src/ffmpeg/limits.ts";
import { media, videoStream } from "./records.ts";

const GB = 1_000_000_000;

test.each([
  ["SD", 720 * 576, 2.8],
  ["HD", 1920 * 1080, 6.1],
  ["UHD", 3840 * 2160, 18.6],
])("memory for %s", (_name, pixels, gigabytes) => {
  expect(memoryLimit(pixels) / GB).toBeCloseTo(gigabytes, 1);
});

test("a lossy result may be much larger than its source, but not without end", () => {
  const source = media({ size_bytes: 10_000_000 });
  expect(sizeLimit({ media: source, lossless: false })).toBe(1.5 * GB);
});

test("a lossless one may be as large as its pictures", () => {
  const source = media({ size_bytes: 0, duration_s: 10, video: [videoStream({ frame_rate: 100 })] });
  expect(sizeLimit({ media: source, lossless: true })).toBe(GB + 10 * 100 * 1920 * 1080 * 6);
  expect(sizeLimit({ media: { ...source, video: [] }, lossless: true })).toBe(GB);
});
