import * as codec from "./codec-structs.ts";
import type { Layout } from "./layout.ts";

/** One kind of video, as a driver is asked about it: 4:2:0, progressive, by codec, direction and bit depth. */
export type VideoProfile = {
  direction: "decode" | "encode";
  codec: "h264" | "hevc" | "av1" | "vp9";
  bit_depth: 8 | 10;
  /** The bit of VkVideoCodecOperationFlagBitsKHR. */
  operation: number;
  /** The device extension without which asking is an error. */
  extension: string;
  profile: Layout;
  /** The codec's own profile number, and the member that holds it. */
  number: { member: "stdProfileIdc" | "stdProfile"; value: number };
  capabilities: Layout;
};

type Codec = VideoProfile["codec"];

type Family = Pick<VideoProfile, "direction" | "codec" | "operation" | "profile" | "capabilities">;

const FAMILIES: Family[] = [
  {
    direction: "decode",
    codec: "h264",
    operation: 0x1,
    profile: codec.DECODE_H264_PROFILE,
    capabilities: codec.DECODE_H264_CAPABILITIES,
  },
  {
    direction: "decode",
    codec: "hevc",
    operation: 0x2,
    profile: codec.DECODE_H265_PROFILE,
    capabilities: codec.DECODE_H265_CAPABILITIES,
  },
  {
    direction: "decode",
    codec: "av1",
    operation: 0x4,
    profile: codec.DECODE_AV1_PROFILE,
    capabilities: codec.DECODE_AV1_CAPABILITIES,
  },
  {
    direction: "decode",
    codec: "vp9",
    operation: 0x8,
    profile: codec.DECODE_VP9_PROFILE,
    capabilities: codec.DECODE_VP9_CAPABILITIES,
  },
  {
    direction: "encode",
    codec: "h264",
    operation: 0x10000,
    profile: codec.ENCODE_H264_PROFILE,
    capabilities: codec.ENCODE_H264_CAPABILITIES,
  },
  {
    direction: "encode",
    codec: "hevc",
    operation: 0x20000,
    profile: codec.ENCODE_H265_PROFILE,
    capabilities: codec.ENCODE_H265_CAPABILITIES,
  },
  {
    direction: "encode",
    codec: "av1",
    operation: 0x40000,
    profile: codec.ENCODE_AV1_PROFILE,
    capabilities: codec.ENCODE_AV1_CAPABILITIES,
  },
];

/** H.264 High and High 10, HEVC Main and Main 10, AV1 Main, VP9 0 and 2: the numbers of the codecs' standards. */
const NUMBERS: Record<Codec, { member: VideoProfile["number"]["member"]; 8: number; 10: number }> = {
  h264: { member: "stdProfileIdc", 8: 100, 10: 110 },
  hevc: { member: "stdProfileIdc", 8: 1, 10: 2 },
  av1: { member: "stdProfile", 8: 0, 10: 0 },
  vp9: { member: "stdProfile", 8: 0, 10: 2 },
};

/** All that vc asks about. */
export const VIDEO_PROFILES: VideoProfile[] = FAMILIES.flatMap((family) =>
  ([8, 10] as const).map((bit_depth) => {
    const { member, [bit_depth]: value } = NUMBERS[family.codec];
    const name = family.codec === "hevc" ? "h265" : family.codec;
    const extension = `VK_KHR_video_${family.direction}_${name}`;
    return { ...family, bit_depth, extension, number: { member, value } };
  }),
);

/** Such as `decode h264`, for the bits of VkVideoCodecOperationFlagBitsKHR that are set. */
export function operationNames(bits: number): string[] {
  return FAMILIES.filter(({ operation }) => (bits & operation) !== 0).map(
    ({ direction, codec }) => `${direction} ${codec}`,
  );
}

/** Vulkan counts levels from 0 (StdVideoH264LevelIdc and the like); null for a number that no standard names. */
export function levelName(codec: Codec, number: number): string | null {
  return LEVELS[codec].split(" ")[number] ?? null;
}

const LEVELS: Record<Codec, string> = {
  h264: "1 1.1 1.2 1.3 2 2.1 2.2 3 3.1 3.2 4 4.1 4.2 5 5.1 5.2 6 6.1 6.2",
  hevc: "1 2 2.1 3 3.1 4 4.1 5 5.1 5.2 6 6.1 6.2",
  av1: "2.0 2.1 2.2 2.3 3.0 3.1 3.2 3.3 4.0 4.1 4.2 4.3 5.0 5.1 5.2 5.3 6.0 6.1 6.2 6.3 7.0 7.1 7.2 7.3",
  vp9: "1 1.1 2 2.1 3 3.1 4 4.1 5 5.1 5.2 6 6.1 6.2",
};
