import * as v from "valibot";
import { DEVICE_TYPES } from "./names.ts";

/** Sizes in pixels, alignments of bitstreams in bytes, bit rates in bits a second; all as the driver states them. */
const Limits = v.object({
  min_width: v.number(),
  min_height: v.number(),
  max_width: v.number(),
  max_height: v.number(),
  /** Coded sizes are rounded up to multiples of these. */
  granularity_width: v.number(),
  granularity_height: v.number(),
  bitstream_offset_alignment: v.number(),
  bitstream_size_alignment: v.number(),
  max_dpb_slots: v.number(),
  max_active_references: v.number(),
  /** Such as `5.2`; null where the driver names none. */
  max_level: v.nullable(v.string()),
  /** The codec header that the driver was built for, such as `VK_STD_vulkan_video_codec_h264_decode 1.0.0`. */
  std_header: v.string(),
  /** Null for decoding. */
  encode: v.nullable(
    v.object({
      rate_control: v.array(v.picklist(["constant_qp", "cbr", "vbr"])),
      rate_control_layers: v.number(),
      max_bitrate: v.number(),
      quality_levels: v.number(),
      input_granularity_width: v.number(),
      input_granularity_height: v.number(),
      /** For AV1 the smallest and largest quantizer index. */
      min_qp: v.number(),
      max_qp: v.number(),
    }),
  ),
});
export type Limits = v.InferOutput<typeof Limits>;

/** What a driver says about one kind of video (4:2:0): its limits, or why it refuses. */
export const VideoOffer = v.object({
  direction: v.picklist(["decode", "encode"]),
  codec: v.picklist(["h264", "hevc", "av1", "vp9"]),
  bit_depth: v.picklist([8, 10]),
  limits: v.nullable(Limits),
  /** Such as `VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR`, or the extension that the driver lacks. */
  refused: v.nullable(v.string()),
});
export type VideoOffer = v.InferOutput<typeof VideoOffer>;

export const QueueFamily = v.object({
  queues: v.number(),
  flags: v.array(v.string()),
  /** Such as `decode h264`; empty where the family has nothing to do with video. */
  video: v.array(v.string()),
});
export type QueueFamily = v.InferOutput<typeof QueueFamily>;

export const VulkanDevice = v.object({
  /** The place among all devices that ffmpeg's `-init_hw_device vulkan=vk:N` counts by. */
  index: v.number(),
  name: v.string(),
  type: v.picklist(DEVICE_TYPES),
  vendor_id: v.number(),
  device_id: v.number(),
  /** Such as `1.3.230`. */
  api_version: v.string(),
  driver: v.object({
    /** VkDriverId; null, like name and info, where the driver is older than Vulkan 1.2. */
    id: v.nullable(v.number()),
    name: v.nullable(v.string()),
    info: v.nullable(v.string()),
    /** In the vendor's own notation. */
    version: v.string(),
  }),
  /** Tells equal cards apart; null before Vulkan 1.1. */
  uuid: v.nullable(v.string()),
  driver_uuid: v.nullable(v.string()),
  /** Such as `0000:65:00.0`; null where the driver does not tell. */
  pci_address: v.nullable(v.string()),
  queue_families: v.array(QueueFamily),
  video: v.array(VideoOffer),
});
export type VulkanDevice = v.InferOutput<typeof VulkanDevice>;

const NO_VULKAN = ["no_loader", "no_driver", "refused", "crashed", "hung", "unreadable"] as const;

/** What the probe found. Everything in it is what drivers say of themselves: a hope, until a trial has proven it. */
export const VulkanProbe = v.variant("available", [
  v.object({
    available: v.literal(true),
    /** The library that was opened, such as `libvulkan.so.1`, and its version. */
    loader: v.string(),
    loader_version: v.string(),
    devices: v.array(VulkanDevice),
  }),
  v.object({
    available: v.literal(false),
    reason: v.picklist(NO_VULKAN),
    /** One sentence: what happened, to what. */
    message: v.string(),
  }),
]);
export type VulkanProbe = v.InferOutput<typeof VulkanProbe>;
