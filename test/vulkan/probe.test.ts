import { afterAll, expect } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeVulkan } from "../../src/vulkan/detect.ts";
import type { VulkanDevice, VulkanProbe } from "../../src/vulkan/devices.ts";
import { run } from "../support/processes.ts";
import { ROOT } from "../support/sources.ts";
import { testOr } from "../support/test-or.ts";
import { buildFakeDriver, LLVMPIPE, NO_DRIVER, noFakeDriver, noLlvmpipe } from "../support/vulkan.ts";

/** Of this very program: the tests' own process is no `vc`. */
const PROBE = [process.execPath, join(ROOT, "src", "main.ts"), "__probe"];
const driver = noFakeDriver === null ? await buildFakeDriver() : null;
afterAll(() => driver?.remove());

function devicesOf(probe: VulkanProbe): VulkanDevice[] {
  if (!probe.available) throw new Error(`no devices: ${probe.message}`);
  return probe.devices;
}

const fakeCards = async () => devicesOf(await probeVulkan({ command: PROBE, env: driver?.env() ?? {} }));

testOr(noFakeDriver, "two equal cards are told apart by UUID and PCI address", async () => {
  const [first, second, ...more] = await fakeCards();
  expect(more).toEqual([]);
  expect(first).toMatchObject({
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
  });
  const own = { index: 1, uuid: "01112131-4151-6171-8191-a1b1c1d1e1f1", pci_address: "0000:66:00.0" };
  expect(second).toEqual({ ...first, ...own } as VulkanDevice);
});

testOr(noFakeDriver, "queue families tell what they are for", async () => {
  const [card] = await fakeCards();
  expect(card?.queue_families).toEqual([
    { queues: 16, flags: ["graphics", "compute", "transfer"], video: [] },
    { queues: 7, flags: ["transfer", "video_decode"], video: ["decode h264", "decode hevc", "decode vp9"] },
    { queues: 3, flags: ["transfer", "video_encode"], video: ["encode h264", "encode hevc", "encode av1"] },
  ]);
});

testOr(noFakeDriver, "every kind of video has its limits, or the driver's reason", async () => {
  const [card] = await fakeCards();
  const brief = card?.video.map(({ direction, codec, bit_depth, limits, refused }) =>
    [direction, codec, bit_depth, refused ?? `level ${limits?.max_level}`].join(" "),
  );
  const noFormat = "VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR";
  const noAv1 = "the driver has no VK_KHR_video_decode_av1";
  expect(brief).toEqual([
    "decode h264 8 level 5.2",
    `decode h264 10 ${noFormat}`,
    "decode hevc 8 level 6.2",
    "decode hevc 10 level 6.2",
    `decode av1 8 ${noAv1}`,
    `decode av1 10 ${noAv1}`,
    "decode vp9 8 level 6.1",
    "decode vp9 10 level 6.1",
    "encode h264 8 level 6.2",
    `encode h264 10 ${noFormat}`,
    "encode hevc 8 level 6.2",
    "encode hevc 10 level 6.2",
    "encode av1 8 level 6.3",
    "encode av1 10 level 6.3",
  ]);
});

const LIMITS = {
  min_width: 160,
  min_height: 64,
  max_width: 8192,
  max_height: 4352,
  granularity_width: 16,
  granularity_height: 8,
  bitstream_offset_alignment: 256,
  bitstream_size_alignment: 128,
  max_dpb_slots: 17,
  max_active_references: 15,
  std_header: "VK_STD_fake 1.0.0",
};
const ENCODE = {
  rate_control: ["constant_qp", "cbr", "vbr"],
  rate_control_layers: 4,
  max_bitrate: 800_000_000,
  quality_levels: 7,
  input_granularity_width: 64,
  input_granularity_height: 32,
};

testOr(noFakeDriver, "limits are those of the driver", async () => {
  const [card] = await fakeCards();
  const of = (direction: string, codec: string) =>
    card?.video.find((offer) => offer.direction === direction && offer.codec === codec)?.limits;
  const encode = (min_qp: number, max_qp: number) => ({ ...ENCODE, min_qp, max_qp });
  expect<object | null | undefined>(of("decode", "h264")).toEqual({
    ...LIMITS,
    max_level: "5.2",
    encode: null,
  });
  expect(of("encode", "h264")).toMatchObject({ ...LIMITS, encode: encode(-3, 51) });
  expect(of("encode", "hevc")).toMatchObject({ ...LIMITS, encode: encode(1, 50) });
  expect(of("encode", "av1")).toMatchObject({ ...LIMITS, encode: encode(2, 255) });
});

testOr(noFakeDriver, "a machine without a driver, or with one that has no device, is told so", async () => {
  const none = { available: false, reason: "no_driver" } as const;
  for (const env of [NO_DRIVER, driver?.env("none") ?? {}, driver?.env("refuse") ?? {}]) {
    const probe = await probeVulkan({ command: PROBE, env });
    expect(probe).toMatchObject(none);
    expect(probe).toHaveProperty("message", expect.stringContaining("no working Vulkan driver was found"));
  }
});

testOr(noLlvmpipe, "Mesa's llvmpipe is a device without video", async () => {
  const probe = await probeVulkan({ command: PROBE, env: LLVMPIPE });
  const [device, ...more] = devicesOf(probe);
  expect(more).toEqual([]);
  expect(device).toMatchObject({ index: 0, type: "cpu", pci_address: null, driver: { name: "llvmpipe" } });
  expect(device?.video.every(({ limits, refused }) => limits === null && refused !== null)).toBe(true);
});

const noVulkaninfo = Bun.which("vulkaninfo") === null ? "vulkaninfo is not installed (vulkan-tools)" : null;

testOr(noLlvmpipe ?? noVulkaninfo, "the probe says what vulkaninfo says", async () => {
  const [device] = devicesOf(await probeVulkan({ command: PROBE, env: LLVMPIPE }));
  const { properties, queueFamiliesProperties } = await vulkaninfo();
  const { VkPhysicalDeviceProperties: basic, VkPhysicalDeviceDriverProperties: driver } = properties;
  const { api_version, driver: ours } = device ?? {};
  expect({
    deviceName: device?.name,
    vendorID: device?.vendor_id,
    deviceID: device?.device_id,
    deviceType: `VK_PHYSICAL_DEVICE_TYPE_${device?.type.toUpperCase()}`,
    apiVersion: packed(api_version),
    driverVersion: packed(ours?.version),
    driverName: ours?.name,
    driverInfo: ours?.info,
    deviceUUID: [...Buffer.from(device?.uuid?.replaceAll("-", "") ?? "", "hex")],
    driverUUID: [...Buffer.from(device?.driver_uuid?.replaceAll("-", "") ?? "", "hex")],
    queues: device?.queue_families.map(({ queues, flags }) => [queues, ...flags]),
  } as Record<string, unknown>).toEqual({
    deviceName: basic.deviceName,
    vendorID: basic.vendorID,
    deviceID: basic.deviceID,
    deviceType: basic.deviceType,
    apiVersion: basic.apiVersion,
    driverVersion: basic.driverVersion,
    driverName: driver.driverName,
    driverInfo: driver.driverInfo,
    deviceUUID: properties.VkPhysicalDeviceIDProperties.deviceUUID,
    driverUUID: properties.VkPhysicalDeviceIDProperties.driverUUID,
    queues: queueFamiliesProperties.map(({ VkQueueFamilyProperties: family }) => [
      family.queueCount,
      ...family.queueFlags.map((flag) => flag.replace(/^VK_QUEUE_(\w+)_BIT$/, "$1").toLowerCase()),
    ]),
  });
});

type Vulkaninfo = {
  properties: {
    VkPhysicalDeviceProperties: Record<string, unknown>;
    VkPhysicalDeviceDriverProperties: Record<string, unknown>;
    VkPhysicalDeviceIDProperties: Record<string, unknown>;
  };
  queueFamiliesProperties: { VkQueueFamilyProperties: { queueCount: number; queueFlags: string[] } }[];
};

/** It can write to files only. */
async function vulkaninfo(): Promise<Vulkaninfo> {
  const folder = await mkdtemp(join(tmpdir(), "vc-vulkaninfo-"));
  try {
    await run({ cmd: ["vulkaninfo", "--json", "-o", "told.json"], cwd: folder, env: LLVMPIPE });
    return JSON.parse(await readFile(join(folder, "told.json"), "utf8")).capabilities.device;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function packed(version = ""): number {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return ((major << 22) | (minor << 12) | patch) >>> 0;
}
