import type { Capabilities } from "../../shared/capabilities.ts";
import { printable } from "../../shared/printable.ts";
import type { VideoOffer, VulkanDevice } from "../../vulkan/devices.ts";
import { driverText } from "../../vulkan/names.ts";
import { bits, CODEC_NAMES, trialBranches } from "./render-detected-trials.ts";
import type { Branch } from "./tree.ts";

/** One device as a branch of the screen's tree: what trials showed, or, without ffmpeg, what its driver offers. */
export function deviceBranch(device: VulkanDevice, capabilities: Capabilities | null): Branch {
  const gpu = capabilities?.gpus.find(({ index }) => index === device.index);
  return {
    text: printable(device.name),
    below: [
      `Type: ${TYPES[device.type]}`,
      `Driver: ${printable(driverText(device.driver))}`,
      `Vulkan: ${device.api_version}`,
      ...(device.pci_address === null ? [] : [`PCI address: ${device.pci_address}`]),
      ...(device.uuid === null ? [] : [`UUID: ${device.uuid}`]),
      ...(capabilities === null || gpu === undefined
        ? [
            `Decoding offered: ${offers(device.video, "decode")}`,
            `Encoding offered: ${offers(device.video, "encode")}`,
          ]
        : trialBranches(gpu, capabilities)),
    ],
  };
}

const TYPES: Record<VulkanDevice["type"], string> = {
  discrete: "Discrete",
  integrated: "Integrated",
  virtual: "Virtual",
  cpu: "CPU (no GPU)",
  other: "Other",
};

/** Such as `H.264 (8 bits, up to 4096x4096), HEVC (8 and 10 bits, up to 8192x8192)`. */
function offers(video: VideoOffer[], direction: VideoOffer["direction"]): string {
  const named = (Object.keys(CODEC_NAMES) as VideoOffer["codec"][]).flatMap((codec) => {
    const offered = video.filter((offer) => offer.direction === direction && offer.codec === codec);
    const limits = offered.flatMap((offer) => (offer.limits === null ? [] : [offer.limits]));
    const depths = offered.flatMap((offer) => (offer.limits === null ? [] : [offer.bit_depth]));
    const [first] = limits;
    if (first === undefined) return [];
    return [`${CODEC_NAMES[codec]} (${bits(depths)}, up to ${first.max_width}x${first.max_height})`];
  });
  return named.length === 0 ? "nothing" : named.join(", ");
}
