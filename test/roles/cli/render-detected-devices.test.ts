import { expect, test } from "bun:test";
import { deviceBranch } from "../../../src/roles/cli/render-detected-devices.ts";
import type { VideoOffer } from "../../../src/vulkan/devices.ts";
import { gpu } from "../../ffmpeg/trial-records.ts";
import { device, offer } from "./devices.ts";

const refused: VideoOffer = { ...offer("encode h264 8"), limits: null, refused: "VK_ERROR_UNKNOWN" };

test("a card with all that its driver tells", () => {
  const video = [
    offer("decode hevc 8", { max_width: 8192, max_height: 4352 }),
    offer("decode hevc 10", { max_width: 8192, max_height: 4352 }),
    offer("decode h264 8"),
    refused,
  ];
  expect(deviceBranch(device({ video }), null)).toEqual({
    text: "Fake Card 9000",
    below: [
      "Type: Discrete",
      "Driver: NVIDIA 580.159.03",
      "Vulkan: 1.3.280",
      "PCI address: 0000:65:00.0",
      "UUID: 00102030-4050-6070-8090-a0b0c0d0e0f0",
      "Decoding offered: H.264 (8 bits, up to 4096x4096), HEVC (8 and 10 bits, up to 8192x4352)",
      "Encoding offered: nothing",
    ],
  });
});

test("a card that was tried is shown by its trials, equal cards each by its own", () => {
  const ffmpeg = { path: "ffmpeg", ffprobe_path: "ffprobe", version: "9.0.2", major: 9 };
  const gpus = [gpu({ scale: [8] }), gpu({ id: "b", index: 1, scale: [8, 10] })];
  const capabilities = { ffmpeg, gpus, encoders: [], refused: [] };
  const scaling = (index: number) => deviceBranch(device({ index, uuid: null }), capabilities);
  const below = (line: string) => expect.arrayContaining([{ text: "Scaling:", below: [line] }]);
  expect(scaling(0)).toMatchObject({ below: below("✓ 8 bits") });
  expect(scaling(1)).toMatchObject({ below: below("✓ 8 and 10 bits") });
});

test("what an old driver does not tell is not made up", () => {
  const driver = { id: null, name: null, info: null, version: "440.33.01" };
  const old = device({ driver, uuid: null, pci_address: null, type: "other" });
  expect(deviceBranch(old, null)).toMatchObject({
    below: ["Type: Other", "Driver: 440.33.01", "Vulkan: 1.3.280", expect.any(String), expect.any(String)],
  });
});

test("the driver's own words are shown where they say more than its version, and control sequences are not obeyed", () => {
  const driver = { id: 13, name: "llvmpipe\x1b[2J", info: "Mesa 22.3.6", version: "0.0.1" };
  expect(deviceBranch(device({ driver, name: "a\nb" }), null)).toMatchObject({
    text: "a\\nb",
    below: expect.arrayContaining(["Driver: llvmpipe\\x1b[2J 0.0.1 (Mesa 22.3.6)"]),
  });
});
