import { expect, test } from "bun:test";
import { toTrialDevices } from "../../../src/roles/worker/trial-devices.ts";
import { device, offer } from "../cli/devices.ts";

const nobody = () => false;
const video = [
  offer("decode hevc 8", { min_width: 144, max_width: 8192 }),
  { ...offer("decode hevc 10"), limits: null, refused: "VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR" },
  { ...offer("decode av1 8"), limits: null, refused: "the driver has no VK_KHR_video_decode_av1" },
  offer("encode h264 8", {
    encode: {
      ...{
        rate_control: ["constant_qp", "vbr"],
        rate_control_layers: 1,
        max_bitrate: 1000,
        quality_levels: 3,
      },
      ...{ input_granularity_width: 16, input_granularity_height: 16, min_qp: 1, max_qp: 51 },
    },
  }),
];

test("a device is told by its UUID, its driver by name and version", () => {
  const [found] = toTrialDevices([device()], nobody);
  expect(found?.gpu).toEqual({
    ...{ id: "00102030-4050-6070-8090-a0b0c0d0e0f0", index: 0, name: "Fake Card 9000", type: "discrete" },
    ...{ driver: "NVIDIA 580.159.03", vendor_id: 0x10de, pci_address: "0000:65:00.0" },
    ...{ decode: [], scale: [], refused: [] },
  });
  expect(found?.unwanted).toBeNull();
});

test.each([
  ["two equal cards", ["a", "b"], ["a", "b"]],
  ["cards whose driver tells no UUID", [null, null], ["index:0", "index:1"]],
  ["cards that share one", ["a", "a"], ["index:0", "index:1"]],
])("%s have two ids", (_, uuids, ids) => {
  const devices = uuids.map((uuid, index) => device({ uuid, index }));
  expect(toTrialDevices(devices, nobody).map(({ gpu }) => gpu.id)).toEqual(ids);
});

test("what the driver offers, with its limits or in its own words", () => {
  const [found] = toTrialDevices([device({ video })], nobody);
  const refused = "the driver does not offer it (VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR)";
  expect(found?.decode).toEqual([
    {
      ...{ codec: "hevc", bit_depth: 8, refused: null },
      limits: { min_width: 144, min_height: 16, max_width: 8192, max_height: 4096 },
    },
    { codec: "hevc", bit_depth: 10, limits: null, refused },
    { codec: "av1", bit_depth: 8, limits: null, refused: "the driver has no VK_KHR_video_decode_av1" },
  ]);
  expect(found?.encode).toEqual([
    {
      ...{ codec: "h264", bit_depth: 8, refused: null },
      limits: {
        ...{ min_width: 16, min_height: 16, max_width: 4096, max_height: 4096 },
        ...{
          rate_control: ["constant_qp", "vbr"],
          quality_levels: 3,
          min_qp: 1,
          max_qp: 51,
          max_bitrate: 1000,
        },
      },
    },
  ]);
});

test("Vulkan on the CPU is wanted where a person names it", () => {
  const devices = [device({ type: "cpu", name: "llvmpipe" }), device({ index: 1, uuid: "b" })];
  const unwanted = (named: Parameters<typeof toTrialDevices>[1]) =>
    toTrialDevices(devices, named).map((one) => one.unwanted);
  expect(unwanted(nobody)).toEqual([expect.stringContaining("vulkan.preferred_device"), null]);
  expect(unwanted(({ name }) => name === "llvmpipe")).toEqual([null, null]);
});

test("another driver, or another offer of the same one, is a new subject of trials", () => {
  const key = (given: Parameters<typeof device>[0]) => toTrialDevices([device(given)], nobody)[0]?.key;
  const newer = { id: 4, name: "NVIDIA", info: "590.1", version: "590.1" };
  expect(key({ video })).toBe(key({ video }));
  expect(new Set([key({}), key({ video }), key({ driver: newer }), key({ uuid: "b" })]).size).toBe(4);
});
