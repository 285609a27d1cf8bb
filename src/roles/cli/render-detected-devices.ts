import { printable } from "../../shared/printable.ts";
import type { VideoOffer, VulkanDevice } from "../../vulkan/devices.ts";
import type { Branch } from "./tree.ts";

/** One device with what its driver says of it, as a branch of the screen's tree. */
export function deviceBranch(device: VulkanDevice): Branch {
  return {
    text: printable(device.name),
    below: [
      `Type: ${TYPES[device.type]}`,
      `Driver: ${printable(driverText(device.driver))}`,
      `Vulkan: ${device.api_version}`,
      ...(device.pci_address === null ? [] : [`PCI address: ${device.pci_address}`]),
      ...(device.uuid === null ? [] : [`UUID: ${device.uuid}`]),
      `Decoding offered: ${offers(device.video, "decode")}`,
      `Encoding offered: ${offers(device.video, "encode")}`,
    ],
  };
}

/** Drivers tell a version as a number, and in words that may repeat it. */
function driverText({ name, info, version }: VulkanDevice["driver"]): string {
  const short = name === null ? version : `${name} ${version}`;
  return !info || info === version ? short : `${short} (${info})`;
}

const TYPES: Record<VulkanDevice["type"], string> = {
  discrete: "Discrete",
  integrated: "Integrated",
  virtual: "Virtual",
  cpu: "CPU (no GPU)",
  other: "Other",
};

const NAMES: Record<VideoOffer["codec"], string> = { h264: "H.264", hevc: "HEVC", av1: "AV1", vp9: "VP9" };

/** Such as `H.264 (8 bits, up to 4096x4096), HEVC (8 and 10 bits, up to 8192x8192)`. */
function offers(video: VideoOffer[], direction: VideoOffer["direction"]): string {
  const named = (Object.keys(NAMES) as VideoOffer["codec"][]).flatMap((codec) => {
    const offered = video.filter((offer) => offer.direction === direction && offer.codec === codec);
    const limits = offered.flatMap((offer) => (offer.limits === null ? [] : [offer.limits]));
    const depths = offered.flatMap((offer) => (offer.limits === null ? [] : [offer.bit_depth]));
    const [first] = limits;
    if (first === undefined) return [];
    return [`${NAMES[codec]} (${depths.join(" and ")} bits, up to ${first.max_width}x${first.max_height})`];
  });
  return named.length === 0 ? "nothing" : named.join(", ");
}
