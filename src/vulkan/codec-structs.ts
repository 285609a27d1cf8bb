import { chained } from "./layout.ts";

/** What each codec adds to a video profile and to the limits; member for member as in vulkan_core.h. */

export const DECODE_H264_PROFILE = chained("VkVideoDecodeH264ProfileInfoKHR", 1000040003, {
  stdProfileIdc: "u32",
  pictureLayout: "u32",
});
export const DECODE_H264_CAPABILITIES = chained("VkVideoDecodeH264CapabilitiesKHR", 1000040000, {
  maxLevelIdc: "u32",
  "fieldOffsetGranularity.x": "i32",
  "fieldOffsetGranularity.y": "i32",
});

export const DECODE_H265_PROFILE = chained("VkVideoDecodeH265ProfileInfoKHR", 1000187003, {
  stdProfileIdc: "u32",
});
export const DECODE_H265_CAPABILITIES = chained("VkVideoDecodeH265CapabilitiesKHR", 1000187000, {
  maxLevelIdc: "u32",
});

export const DECODE_AV1_PROFILE = chained("VkVideoDecodeAV1ProfileInfoKHR", 1000512003, {
  stdProfile: "u32",
  filmGrainSupport: "u32",
});
export const DECODE_AV1_CAPABILITIES = chained("VkVideoDecodeAV1CapabilitiesKHR", 1000512000, {
  maxLevel: "u32",
});

export const DECODE_VP9_PROFILE = chained("VkVideoDecodeVP9ProfileInfoKHR", 1000514003, {
  stdProfile: "u32",
});
export const DECODE_VP9_CAPABILITIES = chained("VkVideoDecodeVP9CapabilitiesKHR", 1000514001, {
  maxLevel: "u32",
});

export const ENCODE_H264_PROFILE = chained("VkVideoEncodeH264ProfileInfoKHR", 1000038007, {
  stdProfileIdc: "u32",
});
export const ENCODE_H264_CAPABILITIES = chained("VkVideoEncodeH264CapabilitiesKHR", 1000038000, {
  flags: "u32",
  maxLevelIdc: "u32",
  maxSliceCount: "u32",
  maxPPictureL0ReferenceCount: "u32",
  maxBPictureL0ReferenceCount: "u32",
  maxL1ReferenceCount: "u32",
  maxTemporalLayerCount: "u32",
  expectDyadicTemporalLayerPattern: "u32",
  minQp: "i32",
  maxQp: "i32",
  prefersGopRemainingFrames: "u32",
  requiresGopRemainingFrames: "u32",
  stdSyntaxFlags: "u32",
});

export const ENCODE_H265_PROFILE = chained("VkVideoEncodeH265ProfileInfoKHR", 1000039007, {
  stdProfileIdc: "u32",
});
export const ENCODE_H265_CAPABILITIES = chained("VkVideoEncodeH265CapabilitiesKHR", 1000039000, {
  flags: "u32",
  maxLevelIdc: "u32",
  maxSliceSegmentCount: "u32",
  "maxTiles.width": "u32",
  "maxTiles.height": "u32",
  ctbSizes: "u32",
  transformBlockSizes: "u32",
  maxPPictureL0ReferenceCount: "u32",
  maxBPictureL0ReferenceCount: "u32",
  maxL1ReferenceCount: "u32",
  maxSubLayerCount: "u32",
  expectDyadicTemporalSubLayerPattern: "u32",
  minQp: "i32",
  maxQp: "i32",
  prefersGopRemainingFrames: "u32",
  requiresGopRemainingFrames: "u32",
  stdSyntaxFlags: "u32",
});

export const ENCODE_AV1_PROFILE = chained("VkVideoEncodeAV1ProfileInfoKHR", 1000513005, {
  stdProfile: "u32",
});
export const ENCODE_AV1_CAPABILITIES = chained("VkVideoEncodeAV1CapabilitiesKHR", 1000513000, {
  flags: "u32",
  maxLevel: "u32",
  "codedPictureAlignment.width": "u32",
  "codedPictureAlignment.height": "u32",
  "maxTiles.width": "u32",
  "maxTiles.height": "u32",
  "minTileSize.width": "u32",
  "minTileSize.height": "u32",
  "maxTileSize.width": "u32",
  "maxTileSize.height": "u32",
  superblockSizes: "u32",
  maxSingleReferenceCount: "u32",
  singleReferenceNameMask: "u32",
  maxUnidirectionalCompoundReferenceCount: "u32",
  maxUnidirectionalCompoundGroup1ReferenceCount: "u32",
  unidirectionalCompoundReferenceNameMask: "u32",
  maxBidirectionalCompoundReferenceCount: "u32",
  maxBidirectionalCompoundGroup1ReferenceCount: "u32",
  maxBidirectionalCompoundGroup2ReferenceCount: "u32",
  bidirectionalCompoundReferenceNameMask: "u32",
  maxTemporalLayerCount: "u32",
  maxSpatialLayerCount: "u32",
  maxOperatingPoints: "u32",
  minQIndex: "u32",
  maxQIndex: "u32",
  prefersGopRemainingFrames: "u32",
  requiresGopRemainingFrames: "u32",
  stdSyntaxFlags: "u32",
});
