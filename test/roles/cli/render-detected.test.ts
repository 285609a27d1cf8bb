import { expect, test } from "bun:test";
import { renderDetected } from "../../../src/roles/cli/render-detected.ts";
import type { Capabilities } from "../../../src/shared/capabilities.ts";

test("what was detected is what a trial has shown", () => {
  const found: Capabilities = {
    ffmpeg: { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "5.1.9", major: 5 },
    encoders: [
      { family: "software", codec: "h264", encoder: "libx264", ten_bit: true },
      { family: "software", codec: "aac", encoder: "aac", ten_bit: false },
    ],
    refused: [{ family: "vulkan", codec: "h264", encoder: "h264_vulkan", why: "no such encoder" }],
  };
  expect(renderDetected(found, { os: "linux", architecture: "x64" })).toBe(`🖥️ GPU / Vulkan Detection

GPU Status: ✗ no GPU encoder was proven; films are converted on the CPU

Encoders, each proven by a trial:
├─ h264: libx264 (software, 8 and 10 bits)
└─ aac: aac (software)

Tried in vain:
└─ h264: h264_vulkan (vulkan): no such encoder

Environment:
├─ OS: Linux
├─ Architecture: x64
├─ ffmpeg: 5.1.9 (/usr/bin/ffmpeg)
└─ ffprobe: /usr/bin/ffprobe`);
  const proven = {
    ...found,
    refused: [],
    encoders: [{ family: "vulkan", codec: "h264", encoder: "h264_vulkan", ten_bit: false }],
  };
  const shown = renderDetected(proven, { os: "plan9", architecture: "x64" });
  expect(shown).toContain("GPU Status: ✓ GPU encoders were proven\n");
  expect(shown).toContain("└─ h264: h264_vulkan (vulkan, 8 bits)\n");
  expect(shown).toContain("├─ OS: plan9\n");
  expect(renderDetected({ ...proven, encoders: [] }, { os: "linux", architecture: "x64" })).toContain(
    "└─ none\n",
  );
});
