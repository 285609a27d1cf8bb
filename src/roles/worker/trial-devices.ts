import type { Offer, TrialDevice } from "../../ffmpeg/trial-list.ts";
import type { EncodeLimits, Gpu, SizeLimits } from "../../shared/gpu.ts";
import type { Limits, VideoOffer, VulkanDevice } from "../../vulkan/devices.ts";
import { driverText } from "../../vulkan/names.ts";

/**
 * Vulkan's devices as trials take them. Two equal cards have different ids; devices of type cpu are wanted only where
 * `named` says that a person asked for them.
 */
export function toTrialDevices(
  devices: VulkanDevice[],
  named: (gpu: Pick<Gpu, "id" | "index" | "name">) => boolean,
): TrialDevice[] {
  return devices.map((device) => {
    const gpu = toGpu(device, devices);
    // Mesa has switches that make the same driver offer more.
    const offered = Bun.hash(JSON.stringify(device.video)).toString(36);
    return {
      gpu,
      key: `${gpu.id} ${gpu.driver} ${device.index} ${offered}`,
      device_id: device.device_id,
      unwanted: device.type !== "cpu" || named(gpu) ? null : ON_CPU,
      decode: offers(device.video, "decode", sizeLimits),
      encode: offers(device.video, "encode", encodeLimits),
    };
  });
}

const ON_CPU = "this device computes on the CPU, so it is used only where vulkan.preferred_device names it";

function toGpu(device: VulkanDevice, all: VulkanDevice[]): Gpu {
  const { index, name, type, vendor_id, pci_address, uuid } = device;
  const own = uuid !== null && all.filter((other) => other.uuid === uuid).length === 1;
  return {
    ...{ id: own ? uuid : `index:${index}`, index, name, type, driver: driverText(device.driver) },
    ...{ vendor_id, pci_address, decode: [], scale: [], refused: [] },
  };
}

function offers<L>(
  video: VideoOffer[],
  direction: VideoOffer["direction"],
  read: (limits: Limits) => L,
): Offer<L>[] {
  return video
    .filter((offer) => offer.direction === direction)
    .map(({ codec, bit_depth, limits, refused }) => ({
      ...{ codec, bit_depth },
      limits: limits === null ? null : read(limits),
      refused: limits === null ? driversWord(refused ?? "no reason given") : null,
    }));
}

/** Some words are a result of Vulkan's, such as VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR. */
function driversWord(refused: string): string {
  return refused.startsWith("the driver") ? refused : `the driver does not offer it (${refused})`;
}

function sizeLimits({ min_width, min_height, max_width, max_height }: Limits): SizeLimits {
  return { min_width, min_height, max_width, max_height };
}

function encodeLimits(limits: Limits): EncodeLimits {
  const { encode } = limits;
  return {
    ...sizeLimits(limits),
    rate_control: encode?.rate_control ?? [],
    quality_levels: encode?.quality_levels ?? 0,
    ...{ min_qp: encode?.min_qp ?? 0, max_qp: encode?.max_qp ?? 0, max_bitrate: encode?.max_bitrate ?? 0 },
  };
}
