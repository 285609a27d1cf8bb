import { expect, test } from "bun:test";
import { FAMILIES } from "../../src/ffmpeg/encoders/families.ts";
import { refuseSmall } from "../../src/ffmpeg/plan-smallest.ts";

const encoders = FAMILIES.flatMap((family) => family.encoders);

test.each([
  ["h264", 2, 2, null],
  ["prores", 4, 2, null],
  ["hevc", 16, 16, null],
  ["hevc", 4, 2, "need 16x16 at least"],
  ["hevc", 64, 14, "need 16x16 at least"],
  ["av1", 16, 16, null],
  ["av1", 2, 2, "need 16x16 at least"],
  ["ffv1", 2, 2, "need 16x16 at least"],
] as const)("%s of %dx%d", (codec, width, height, expected) => {
  const refused = refuseSmall({ width, height }, codec, encoders);
  if (expected === null) return expect(refused).toBeNull();
  expect(refused?.refusal).toMatchObject({ outcome: "permanent", reason: "unsupported" });
  expect(refused?.refusal.message).toContain(expected);
});
