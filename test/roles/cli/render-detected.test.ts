import { expect, test } from "bun:test";
import { type Detected, renderDetected } from "../../../src/roles/cli/render-detected.ts";
import type { Capabilities, ProvenEncoder } from "../../../src/shared/capabilities.ts";
import { type FamilyName, NO_DEVICE_OPTIONS } from "../../../src/shared/gpu.ts";
import { device, NO_LOADER, offer, probe } from "./devices.ts";

function proven(family: FamilyName, codec: string, encoder: string, ten_bit: boolean): ProvenEncoder {
  return { family, codec, encoder, ten_bit, device: null, open: NO_DEVICE_OPTIONS, limits: null };
}

const capabilities: Capabilities = {
  ffmpeg: { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "5.1.9", major: 5 },
  gpus: [],
  encoders: [proven("software", "h264", "libx264", true), proven("software", "aac", "aac", false)],
  refused: [
    { family: "vulkan", codec: "h264", encoder: "h264_vulkan", device: null, why: "no such encoder" },
  ],
};
const video = [offer("decode h264 8"), offer("encode h264 8")];
const found: Detected = {
  vulkan: probe(device({ video }), device({ index: 1, pci_address: null, uuid: null })),
  capabilities,
  os: "linux",
  architecture: "x64",
};

test("the whole screen: what drivers say, and what a trial has shown", () => {
  expect(renderDetected(found)).toBe(`🖥️ GPU / Vulkan Detection

Vulkan Status: ✓ Available
Conversion: on the CPU; this version of vc does not convert through Vulkan yet

Devices, with what their drivers offer (untried, so only hoped for):
├─ Fake Card 9000
│  ├─ Type: Discrete
│  ├─ Driver: NVIDIA 580.159.03
│  ├─ Vulkan: 1.3.280
│  ├─ PCI address: 0000:65:00.0
│  ├─ UUID: 00102030-4050-6070-8090-a0b0c0d0e0f0
│  ├─ Decoding offered: H.264 (8 bits, up to 4096x4096)
│  └─ Encoding offered: H.264 (8 bits, up to 4096x4096)
└─ Fake Card 9000
   ├─ Type: Discrete
   ├─ Driver: NVIDIA 580.159.03
   ├─ Vulkan: 1.3.280
   ├─ Decoding offered: nothing
   └─ Encoding offered: nothing

Encoders, each proven by a trial:
├─ h264: libx264 (software, 8 and 10 bits)
└─ aac: aac (software)

Tried in vain:
└─ h264: h264_vulkan (vulkan): no such encoder

Environment:
├─ OS: Linux
├─ Architecture: x64
├─ Vulkan loader: 1.3.239 (libvulkan.so.1)
├─ ffmpeg: 5.1.9 (/usr/bin/ffmpeg)
└─ ffprobe: /usr/bin/ffprobe

What you can do:
└─ NVIDIA: in a container, NVIDIA_DRIVER_CAPABILITIES must name graphics and video (or be all); otherwise update the driver.`);
});

test("without Vulkan there is its reason, and no list of devices", () => {
  const shown = renderDetected({ ...found, vulkan: NO_LOADER, os: "plan9" });
  expect(shown).toContain(
    "Vulkan Status: ✗ Not available: no Vulkan loader was found (libvulkan.so.1: not there)\n",
  );
  expect(shown).not.toContain("Devices");
  expect(shown).not.toContain("Vulkan loader:");
  expect(shown).toContain("├─ OS: plan9\n");
  expect(shown).toContain("What you can do:\n├─ Install the Vulkan loader");
});

test("Vulkan on the CPU is no GPU", () => {
  const cpu = device({ type: "cpu" });
  expect(renderDetected({ ...found, vulkan: probe(cpu) })).toContain("Vulkan Status: ✗ No GPU\n");
  expect(renderDetected({ ...found, vulkan: probe(cpu, device()) })).toContain(
    "Vulkan Status: ✓ Available\n",
  );
});

test("without ffmpeg the devices are shown all the same", () => {
  const shown = renderDetected({ ...found, capabilities: null });
  expect(shown).toContain("Conversion: ✗ not possible without ffmpeg\n");
  expect(shown).toContain("Fake Card 9000");
  expect(shown).not.toContain("Encoders");
  expect(shown).not.toContain("ffprobe:");
});

test("what a trial has proven counts", () => {
  const gpu = proven("vulkan", "h264", "h264_vulkan", false);
  const shown = renderDetected({ ...found, capabilities: { ...capabilities, encoders: [gpu], refused: [] } });
  expect(shown).toContain("Conversion: ✓ GPU encoders were proven\n");
  expect(shown).toContain("└─ h264: h264_vulkan (vulkan, 8 bits)\n");
  expect(shown).not.toContain("in vain");
  expect(renderDetected({ ...found, capabilities: { ...capabilities, encoders: [] } })).toContain(
    "└─ none\n",
  );
});
