import { expect, test } from "bun:test";
import { plausibleBytes } from "../../../src/roles/master/plausible.ts";

const GIB = 1024 ** 3;

test.each([
  ["h264", 4 * GIB, null, 8 * GIB],
  ["av1", 4 * GIB, 0.9, Math.ceil(0.9 * 4 * GIB)],
  ["hevc", 4 * GIB, 5, 8 * GIB],
  ["ffv1", 4 * GIB, null, 200 * GIB],
  ["prores", 4 * GIB, 3, 12 * GIB],
  ["h264", 10, null, GIB / 4],
  ["ffv1", 0, 0.5, GIB / 4],
] as const)("%s of %d bytes (ratio %p): %d", (codec, source_size, max_size_ratio, bytes) => {
  expect(plausibleBytes({ codec, source_size, max_size_ratio })).toBe(bytes);
});
