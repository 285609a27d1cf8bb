import type { Limits, VideoOffer, VulkanDevice, VulkanProbe } from "../../../src/vulkan/devices.ts";

/** Records of devices, for the screens that show them. */

const LIMITS: Limits = {
  min_width: 16,
  min_height: 16,
  max_width: 4096,
  max_height: 4096,
  granularity_width: 16,
  granularity_height: 16,
  bitstream_offset_alignment: 256,
  bitstream_size_alignment: 256,
  max_dpb_slots: 17,
  max_active_references: 16,
  max_level: "5.2",
  std_header: "VK_STD_vulkan_video_codec_h264_decode 1.0.0",
  encode: null,
};

/** Such as `decode h264 8`. */
export function offer(text: string, limits: Partial<Limits> = {}): VideoOffer {
  const [direction, codec, depth] = text.split(" ");
  return {
    direction: direction === "decode" ? "decode" : "encode",
    codec: codec as VideoOffer["codec"],
    bit_depth: depth === "8" ? 8 : 10,
    limits: { ...LIMITS, ...limits },
    refused: null,
  };
}

export function device(given: Partial<VulkanDevice> = {}): VulkanDevice {
  return {
    index: 0,
    name: "Fake Card 9000",
    type: "discrete",
    vendor_id: 0x10de,
    device_id: 0x2684,
    api_version: "1.3.280",
    driver: { id: 4, name: "NVIDIA", info: "580.159.03", version: "580.159.03" },
    uuid: "00102030-4050-6070-8090-a0b0c0d0e0f0",
    driver_uuid: "abababab-abab-abab-abab-abababababab",
    pci_address: "0000:65:00.0",
    queue_families: [],
    video: [],
    ...given,
  };
}

export function probe(...devices: VulkanDevice[]): VulkanProbe {
  return { available: true, loader: "libvulkan.so.1", loader_version: "1.3.239", devices };
}

export const NO_LOADER: VulkanProbe = {
  available: false,
  reason: "no_loader",
  message: "no Vulkan loader was found (libvulkan.so.1: not there)",
};
