import { expect, test } from "bun:test";
import { encoderLines, trialBranches } from "../../../src/roles/cli/render-detected-trials.ts";
import type { ProvenEncoder, RefusedEncoder } from "../../../src/shared/capabilities.ts";
import { type FamilyName, type Gpu, NO_DEVICE_OPTIONS } from "../../../src/shared/gpu.ts";
import { gpu, SIZES } from "../../ffmpeg/trial-records.ts";

const capabilities = {
  ffmpeg: { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "9.0.2", major: 9 },
  ...{ gpus: [], encoders: [], refused: [] },
};

function proven(family: FamilyName, codec: string, encoder: string, ten_bit: boolean): ProvenEncoder {
  return { family, codec, encoder, ten_bit, device: null, open: NO_DEVICE_OPTIONS, limits: null };
}

const no = (encoder: string, why: string): RefusedEncoder => ({
  ...{ family: "vulkan", codec: "h264", encoder, device: null, why },
});
const refused = (codec: "h264" | "av1" | "vp9", bit_depth: 8 | 10, why: string): Gpu["refused"][number] => ({
  ...{ stage: "decode", codec, bit_depth, why },
});

test("an H100: what it decodes with how large pictures, and one line for each reason", () => {
  const card = gpu({
    decode: [
      { codec: "h264", bit_depth: 8, limits: SIZES },
      { codec: "hevc", bit_depth: 8, limits: { ...SIZES, max_width: 8192 } },
      { codec: "hevc", bit_depth: 10, limits: { ...SIZES, max_width: 8192 } },
    ],
    scale: [8, 10],
    refused: [
      refused("h264", 10, "no such profile"),
      refused("av1", 8, "no extension"),
      refused("av1", 10, "no extension"),
      refused("vp9", 8, "no extension"),
    ],
  });
  const encoders = [
    { ...proven("vulkan", "ffv1", "ffv1_vulkan", true), device: card.id },
    { ...proven("vulkan", "ffv1", "ffv1_vulkan", true), device: "another card" },
  ];
  const vain = ["h264_vulkan", "hevc_vulkan"].map((one) => ({ ...no(one, "no queue"), device: card.id }));
  expect(trialBranches(card, { ...capabilities, encoders, refused: vain })).toEqual([
    {
      text: "Decoding:",
      below: [
        "✓ H.264 (8 bits, up to 4096x4096)",
        "✓ HEVC (8 and 10 bits, up to 8192x4096)",
        "✗ H.264 (10 bits): no such profile",
        "✗ AV1 (8 and 10 bits), VP9 (8 bits): no extension",
      ],
    },
    { text: "Scaling:", below: ["✓ 8 and 10 bits"] },
    {
      text: "Encoding:",
      below: ["✓ ffv1: ffv1_vulkan (8 and 10 bits)", "✗ h264_vulkan, hevc_vulkan: no queue"],
    },
  ]);
});

test("a card on which nothing works", () => {
  const why = "ffmpeg died of \x1b[31mSIGSEGV";
  const scale = [8, 10].map((bit_depth) => ({ stage: "scale", codec: null, bit_depth, why }));
  const card = gpu({ refused: [...scale, refused("vp9", 8, why)] as Gpu["refused"] });
  expect(trialBranches(card, capabilities)).toEqual([
    { text: "Decoding:", below: ["✗ VP9 (8 bits): ffmpeg died of \\x1b[31mSIGSEGV"] },
    { text: "Scaling:", below: ["✗ 8 and 10 bits: ffmpeg died of \\x1b[31mSIGSEGV"] },
    { text: "Encoding:", below: [] },
  ]);
});

test.each<[ProvenEncoder, string]>([
  [proven("software", "h264", "libx264", true), "✓ h264: libx264 (8 and 10 bits)"],
  [proven("nvenc", "h264", "h264_nvenc", false), "✓ h264: h264_nvenc (8 bits)"],
  [proven("software", "prores", "prores_ks", true), "✓ prores: prores_ks (10 bits)"],
  [proven("software", "aac", "aac", false), "✓ aac: aac"],
])("%p", (encoder, line) => {
  expect(encoderLines([encoder], [])).toEqual([line]);
});

test("an encoder that was refused on several devices is named once for each reason", () => {
  const all = [no("h264_qsv", "busy"), no("h264_qsv", "busy"), no("h264_qsv", "broken")];
  expect(encoderLines([], all)).toEqual(["✗ h264_qsv: busy", "✗ h264_qsv: broken"]);
});
