/** How Vulkan's numbers are written for people. */

/** VkPhysicalDeviceType. */
export const DEVICE_TYPES = ["other", "integrated", "discrete", "virtual", "cpu"] as const;

/** The bits of VkQueueFlagBits that say what a queue is for. */
export const QUEUE_FLAGS = {
  graphics: 0x1,
  compute: 0x2,
  transfer: 0x4,
  sparse_binding: 0x8,
  protected: 0x10,
  video_decode: 0x20,
  video_encode: 0x40,
  optical_flow: 0x100,
};

/** VkVideoEncodeRateControlModeFlagBitsKHR; the first means that the encoder is given a QP. */
export const RATE_CONTROL_MODES = { constant_qp: 0x1, cbr: 0x2, vbr: 0x4 };

/** The names of the bits that are set; a bit without a name is left out. */
export function namesOf<N extends string>(bits: number, names: Record<N, number>): N[] {
  return (Object.keys(names) as N[]).filter((name) => (bits & names[name]) !== 0);
}

/** A Vulkan version, such as 1.3.239: 7, 10 and 12 bits below 3 bits for the variant. */
export function versionName(version: number): string {
  return `${(version >>> 22) & 0x7f}.${(version >>> 12) & 0x3ff}.${version & 0xfff}`;
}

/** Whether a packed version is that of Vulkan 1.MINOR or newer; patch level and variant do not count. */
export function hasMinor(version: number, minor: number): boolean {
  return (version & 0x1ffff000) >= ((1 << 22) | (minor << 12));
}

/** VkDriverId of the drivers that vc treats in a way of their own. */
export const DRIVER_IDS = { radv: 3, nvidia: 4, intel_windows: 5, anv: 6, moltenvk: 14 };
const NVIDIA_VENDOR = 0x10de;

/**
 * A driver's version in its vendor's notation: NVIDIA packs 10, 8, 8 and 6 bits (580.159.03), Intel on Windows
 * 18 and 14 (101.5333), everybody else 10, 10 and 12 as Vulkan does. `driver_id` is null where the driver does
 * not tell it (before Vulkan 1.2): then the vendor decides.
 */
export function driverVersionName(of: {
  version: number;
  driver_id: number | null;
  vendor_id: number;
}): string {
  const { version, driver_id } = of;
  const nvidia = driver_id === DRIVER_IDS.nvidia || (driver_id === null && of.vendor_id === NVIDIA_VENDOR);
  if (nvidia) {
    const last = (version >>> 6) & 0xff;
    const start = `${version >>> 22}.${two((version >>> 14) & 0xff)}`;
    return last === 0 ? start : `${start}.${two(last)}`;
  }
  if (driver_id === DRIVER_IDS.intel_windows) return `${version >>> 14}.${version & 0x3fff}`;
  return `${version >>> 22}.${(version >>> 12) & 0x3ff}.${version & 0xfff}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** A driver by name and version, such as `NVIDIA 580.159.03`; versions tell themselves in words, too, which may say more. */
export function driverText(of: { name: string | null; info: string | null; version: string }): string {
  const short = of.name === null ? of.version : `${of.name} ${of.version}`;
  return !of.info || of.info === of.version ? short : `${short} (${of.info})`;
}

/** 16 bytes as 8-4-4-4-12 hexadecimal digits. */
export function uuidName(bytes: Uint8Array): string {
  const hex = bytes.toHex();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** As lspci writes it: 0000:65:00.0. */
export function pciName(of: {
  pciDomain: number;
  pciBus: number;
  pciDevice: number;
  pciFunction: number;
}): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  return `${hex(of.pciDomain, 4)}:${hex(of.pciBus, 2)}:${hex(of.pciDevice, 2)}.${hex(of.pciFunction, 1)}`;
}

/** A VkResult with its name, where it is one that the probe can meet. */
export function resultName(result: number): string {
  return RESULTS[result] ?? `VkResult ${result}`;
}

const RESULTS: Record<number, string> = {
  [-1]: "VK_ERROR_OUT_OF_HOST_MEMORY",
  [-2]: "VK_ERROR_OUT_OF_DEVICE_MEMORY",
  [-3]: "VK_ERROR_INITIALIZATION_FAILED",
  [-4]: "VK_ERROR_DEVICE_LOST",
  [-6]: "VK_ERROR_LAYER_NOT_PRESENT",
  [-7]: "VK_ERROR_EXTENSION_NOT_PRESENT",
  [-9]: "VK_ERROR_INCOMPATIBLE_DRIVER",
  [-13]: "VK_ERROR_UNKNOWN",
  [-1000011001]: "VK_ERROR_VALIDATION_FAILED",
  [-1000023000]: "VK_ERROR_IMAGE_USAGE_NOT_SUPPORTED_KHR",
  [-1000023001]: "VK_ERROR_VIDEO_PICTURE_LAYOUT_NOT_SUPPORTED_KHR",
  [-1000023002]: "VK_ERROR_VIDEO_PROFILE_OPERATION_NOT_SUPPORTED_KHR",
  [-1000023003]: "VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR",
  [-1000023004]: "VK_ERROR_VIDEO_PROFILE_CODEC_NOT_SUPPORTED_KHR",
  [-1000023005]: "VK_ERROR_VIDEO_STD_VERSION_NOT_SUPPORTED_KHR",
};
