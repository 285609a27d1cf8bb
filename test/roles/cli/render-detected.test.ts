import { expect, test } from "bun:test";
import { type Detected, renderDetected } from "../../../src/roles/cli/render-detected.ts";
import type { Capabilities, ProvenEncoder } from "../../../src/shared/capabilities.ts";
import type { Learned } from "../../../src/shared/gpu.ts";
import { type FamilyName, NO_DEVICE_OPTIONS } from "../../../src/shared/gpu.ts";
import { gpu, SIZES } from "../../ffmpeg/trial-records.ts";
import { device, NO_LOADER, offer, probe } from "./devices.ts";

const scale = { stage: "scale", codec: null } as const;
const h264 = { codec: "h264" };

function proven(family: FamilyName, codec: string, encoder: string, ten_bit: boolean): ProvenEncoder {
  return { family, codec, encoder, ten_bit, device: null, open: NO_DEVICE_OPTIONS, limits: null };
}

const card = gpu({ scale: [8, 10], decode: [{ codec: "h264", bit_depth: 8, limits: SIZES }] });
const capabilities: Capabilities = {
  ffmpeg: { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "9.0.2", major: 9 },
  gpus: [card, gpu({ id: "other", index: 1, refused: [{ ...scale, bit_depth: 8, why: "out of memory" }] })],
  encoders: [proven("software", "h264", "libx264", true), proven("software", "aac", "aac", false)],
  refused: [
    { ...h264, family: "vulkan", encoder: "h264_vulkan", device: card.id, why: "the driver has no queue" },
    { ...h264, family: "vulkan", encoder: "h264_vulkan", device: "other", why: "the driver has no queue" },
    { ...h264, family: "amf", encoder: "h264_amf", device: null, why: "not in this ffmpeg" },
  ],
};
const video = [offer("decode h264 8"), offer("encode h264 8")];
const found: Detected = {
  vulkan: probe(device({ video }), device({ index: 1, pci_address: null, uuid: null })),
  capabilities,
  learned: null,
  os: "linux",
  architecture: "x64",
};

test("the whole screen: what drivers say, and what a trial has shown", () => {
  expect(renderDetected(found)).toBe(`🖥️ GPU / Vulkan Detection

Vulkan Status: ✓ Available (proven by trials: decoding, scaling)
Conversion: ✓ on the GPU, as far as trials proved it

Devices, with what trials proved (✓) and what not (✗):
├─ Fake Card 9000
│  ├─ Type: Discrete
│  ├─ Driver: NVIDIA 580.159.03
│  ├─ Vulkan: 1.3.280
│  ├─ PCI address: 0000:65:00.0
│  ├─ UUID: 00102030-4050-6070-8090-a0b0c0d0e0f0
│  ├─ Decoding:
│  │  └─ ✓ H.264 (8 bits, up to 4096x4096)
│  ├─ Scaling:
│  │  └─ ✓ 8 and 10 bits
│  └─ Encoding:
│     └─ ✗ h264_vulkan: the driver has no queue
└─ Fake Card 9000
   ├─ Type: Discrete
   ├─ Driver: NVIDIA 580.159.03
   ├─ Vulkan: 1.3.280
   ├─ Decoding:
   ├─ Scaling:
   │  └─ ✗ 8 bits: out of memory
   └─ Encoding:
      └─ ✗ h264_vulkan: the driver has no queue

Encoders without a Vulkan device:
├─ ✓ h264: libx264 (8 and 10 bits)
├─ ✓ aac: aac
└─ ✗ h264_amf: not in this ffmpeg

Environment:
├─ OS: Linux
├─ Architecture: x64
├─ Vulkan loader: 1.3.239 (libvulkan.so.1)
├─ ffmpeg: 9.0.2 (/usr/bin/ffmpeg)
└─ ffprobe: /usr/bin/ffprobe

What you can do:
├─ NVIDIA: in a container, NVIDIA_DRIVER_CAPABILITIES must name graphics and video (or be all); otherwise update the driver.
├─ Fake Card 9000: nothing that was tried on it worked (out of memory); \`vc detect --json\` has ffmpeg's own line of each trial. Update its driver and ffmpeg, then \`vc detect --fresh\`.
└─ The user that runs vc must be able to open /dev/dri/renderD128 (group render) or /dev/nvidia*; a container needs the GPU handed in.`);
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
    "Vulkan Status: ✓ Available (proven by trials: decoding, scaling)\n",
  );
});

test("without ffmpeg the devices are shown all the same", () => {
  const shown = renderDetected({ ...found, capabilities: null });
  expect(shown).toContain("Conversion: ✗ not possible without ffmpeg\n");
  expect(shown).toContain("Fake Card 9000");
  expect(shown).not.toContain("Encoders");
  expect(shown).not.toContain("ffprobe:");
});

test.each<[string, Partial<Capabilities>, string]>([
  ["nothing on the GPU", { gpus: [gpu()] }, "on the CPU"],
  ["scaling", { gpus: [gpu({ scale: [8] })] }, "✓ on the GPU"],
  ["scaling on llvmpipe", { gpus: [gpu({ scale: [8], type: "cpu" })] }, "on the CPU"],
  ["a vendor's encoder", { gpus: [], encoders: [proven("amf", "h264", "h264_amf", false)] }, "✓ on the GPU"],
  [
    "an encoder on the card",
    { gpus: [gpu()], encoders: [{ ...proven("vulkan", "ffv1", "ffv1_vulkan", true), device: gpu().id }] },
    "✓ on the GPU",
  ],
])("where films are converted, when what was proven is %s", (_, given, where) => {
  const shown = renderDetected({ ...found, capabilities: { ...capabilities, ...given } });
  expect(shown).toContain(`\nConversion: ${where}`);
});

test("an ffmpeg without any encoder", () => {
  const none = { ...capabilities, encoders: [], refused: [] };
  expect(renderDetected({ ...found, capabilities: none })).toContain("device:\n└─ none\n");
});

test("what films taught, and that it was forgotten", () => {
  const learned: Learned = {
    suspects: [{ rung: "Card (driver 1): hevc 8", why: "it hung (tried again in 60 min)" }],
    parked: [{ device: "Card\x1b[2J", problem: "parked (tried again in 20 min): it died" }],
    rates: [
      { rung: "cpu: h264 8", preset: "fast", kind: "1920x1080 420", fps: 41.26, frames: 150 },
      { rung: "cpu: vc1 8", preset: "fast", kind: "1920x1080 420", fps: 0, frames: 0 },
    ],
    forgotten: true,
  };
  expect(
    renderDetected({ ...found, learned }),
  ).toContain(`What films taught (\`vc detect --fresh\` forgets it):
├─ Forgotten just now: ways that had failed, and speeds that were measured
├─ ✗ Card\\x1b[2J: parked (tried again in 20 min): it died
├─ ✗ Card (driver 1): hevc 8: it hung (tried again in 60 min)
└─ cpu: h264 8, fast, 1920x1080 420: 41.3 frames a second
`);
  const nothing = { suspects: [], parked: [], rates: [], forgotten: false };
  expect(renderDetected({ ...found, learned: nothing })).not.toContain("What films taught");
});

test.each<[string, Capabilities | null, string]>([
  ["without ffmpeg", null, "✓ Available (untried)"],
  [
    "without anything proven",
    { ...capabilities, gpus: [gpu()] },
    "✗ Of no use: drivers answer, but no trial",
  ],
  [
    "with an encoder of the vendor's alone",
    { ...capabilities, gpus: [gpu()], encoders: [proven("nvenc", "h264", "h264_nvenc", false)] },
    "✗ Of no use",
  ],
])("Vulkan's status %s", (_, of, status) => {
  expect(renderDetected({ ...found, capabilities: of })).toContain(`\nVulkan Status: ${status}`);
});
