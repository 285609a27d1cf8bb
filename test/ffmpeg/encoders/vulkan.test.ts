import { describe, expect, test } from "bun:test";
import type { RateControl } from "../../../src/ffmpeg/encoders/family.ts";
import { vulkan } from "../../../src/ffmpeg/encoders/vulkan.ts";
import type { EncodeLimits } from "../../../src/shared/gpu.ts";
import { encodeLimits } from "../records.ts";

const quality = (value: number): RateControl => ({ kind: "quality", quality: value });
const ceiling = (bit_rate: number): RateControl => ({ kind: "bit_rate", bit_rate });

describe("rate control by what the driver states", () => {
  const rows: [string, string, RateControl, EncodeLimits | null, string][] = [
    ["by quality", "h264_vulkan", quality(23), null, "-rc_mode cqp -qp 23 -g 250 -profile:v high"],
    ["never 0, which means none", "h264_vulkan", quality(0), encodeLimits(), "-qp 1 "],
    ["not below the driver's least", "hevc_vulkan", quality(10), encodeLimits({ min_qp: 18 }), "-qp 18 "],
    ["nor above its most", "hevc_vulkan", quality(50), encodeLimits({ max_qp: 44 }), "-qp 44 "],
    ["AV1 has a scale to 255", "av1_vulkan", quality(51), null, "-qp 255 "],
    ["AV1 in the middle", "av1_vulkan", quality(23), encodeLimits({ max_qp: 255 }), "-qp 113 "],
    ["variable", "h264_vulkan", ceiling(5_000_000), encodeLimits(), "-rc_mode vbr -b:v 5000000 -maxrate"],
    [
      "constant where there is nothing else",
      "h264_vulkan",
      ceiling(5_000_000),
      encodeLimits({ rate_control: ["constant_qp", "cbr"] }),
      "-rc_mode cbr -b:v 5000000",
    ],
    ["unknown", "h264_vulkan", ceiling(5_000_000), null, "-rc_mode auto -b:v 5000000"],
    [
      "not above the driver's most",
      "h264_vulkan",
      ceiling(5_000_000),
      encodeLimits({ max_bitrate: 4_000_000 }),
      "-b:v 4000000 -maxrate 4000000 -bufsize 8000000",
    ],
    ["FFV1 has none", "ffv1_vulkan", ceiling(5_000_000), null, "-level 3 -g 1 -slicecrc 1"],
    ["ProRes has profiles", "prores_ks_vulkan", quality(30), null, "-profile:v lt"],
  ];
  test.each(rows)("%s", (_name, name, rate, limits, part) => {
    const options = vulkan.encoders
      .find(({ encoder }) => encoder === name)
      ?.options({ rate, preset: "medium", bit_depth: 8, frame_rate: null, limits });
    expect(`${options?.join(" ")} `).toContain(part);
  });
});

test("10 bits are a profile of their own, and h264 has none", () => {
  const depths = vulkan.encoders.map(({ encoder, formats, options }) => [
    encoder,
    formats.some(({ bit_depth }) => bit_depth === 10),
    options({ rate: quality(23), preset: "medium", bit_depth: 10, frame_rate: null, limits: null }).includes(
      "main10",
    ),
  ]);
  expect(depths).toEqual([
    ["h264_vulkan", false, false],
    ["hevc_vulkan", true, true],
    ["av1_vulkan", true, false],
    ["ffv1_vulkan", true, false],
    ["prores_ks_vulkan", true, false],
  ]);
});
