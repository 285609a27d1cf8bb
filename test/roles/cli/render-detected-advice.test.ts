import { expect, test } from "bun:test";
import { adviceOn } from "../../../src/roles/cli/render-detected-advice.ts";
import type { Gpu } from "../../../src/shared/gpu.ts";
import type { VulkanDevice, VulkanProbe } from "../../../src/vulkan/devices.ts";
import { gpu } from "../../ffmpeg/trial-records.ts";
import { device, NO_LOADER, offer, probe } from "./devices.ts";

const radv = { id: 3, name: "radv", info: "Mesa 25.0.7", version: "25.0.7" };
const anv = { id: 6, name: "Intel open-source Mesa driver", info: "Mesa 25.0.7", version: "25.0.7" };
const llvmpipe = device({ type: "cpu", driver: { id: 13, name: "llvmpipe", info: "", version: "0.0.1" } });
const none = (
  reason: Exclude<Extract<VulkanProbe, { available: false }>["reason"], "no_loader">,
): VulkanProbe => ({
  available: false,
  reason,
  message: "whatever",
});
const everything = ["decode h264 8", "decode hevc 8", "encode h264 8"].map((text) => offer(text));

/** A line stands for every piece of advice by words that no other has. */
test.each<[string, VulkanProbe, string, string[]]>([
  [
    "no loader",
    NO_LOADER,
    "linux",
    ["apt install libvulkan1", "mesa-vulkan-drivers", "--device /dev/dri", "renderD128"],
  ],
  ["no loader on Windows", NO_LOADER, "win32", ["from the GPU's vendor"]],
  ["no loader on macOS", NO_LOADER, "darwin", ["macOS: no Vulkan driver"]],
  ["no driver", none("no_driver"), "linux", ["mesa-vulkan-drivers", "--device /dev/dri", "renderD128"]],
  ["a crash", none("crashed"), "linux", ["Update the GPU's driver.", "VK_LOADER_DRIVERS_DISABLE"]],
  ["a hang", none("hung"), "win32", ["Update the GPU's driver.", "VK_LOADER_DRIVERS_DISABLE"]],
  ["a refusal", none("refused"), "linux", ["Update the Vulkan loader"]],
  ["rubbish", none("unreadable"), "linux", ["Update the Vulkan loader"]],
  [
    "llvmpipe alone",
    probe(llvmpipe),
    "linux",
    ["Only Vulkan on the CPU", "mesa-vulkan-drivers", "--device", "renderD128"],
  ],
  ["no device at all", probe(), "win32", ["Only Vulkan on the CPU", "from the GPU's vendor"]],
  ["MoltenVK", probe(device({ driver: { ...radv, id: 14 } })), "darwin", ["macOS: no Vulkan driver"]],
])("advice on %s", (_, found, os, parts) => {
  const lines = adviceOn({ vulkan: found, capabilities: null, os });
  expect(lines).toHaveLength(parts.length);
  for (const [index, part] of parts.entries()) expect(lines[index]).toContain(part);
});

test.each<[string, Partial<VulkanDevice>, string[]]>([
  [
    "an AMD that cannot encode",
    { driver: radv, video: [offer("decode h264 8")] },
    ["RADV_PERFTEST=video_encode"],
  ],
  ["an AMD with everything", { driver: radv, video: everything }, []],
  ["an AMD on Fedora", { driver: radv, video: [offer("decode av1 8"), offer("encode av1 8")] }, ["Fedora"]],
  ["an Intel without video", { driver: anv }, ["ANV_DEBUG=video-decode,video-encode"]],
  ["an Intel that cannot encode", { driver: anv, video: [offer("decode hevc 8")] }, ["ANV_DEBUG"]],
  ["an Intel with everything", { driver: anv, video: everything }, []],
  ["an NVIDIA without video", {}, ["NVIDIA_DRIVER_CAPABILITIES"]],
  ["an NVIDIA that cannot encode", { video: [offer("decode h264 8")] }, []],
])("advice on %s", (_, given, parts) => {
  const lines = adviceOn({ vulkan: probe(device(given), llvmpipe), capabilities: null, os: "linux" });
  expect(lines).toHaveLength(parts.length);
  for (const [index, part] of parts.entries()) expect(lines[index]).toContain(part);
});

test("two equal cards get one piece of advice", () => {
  const vulkan = probe(device(), device({ index: 1 }));
  expect(adviceOn({ vulkan, capabilities: null, os: "linux" })).toHaveLength(1);
});

test.each<[string, string[], string[]]>([
  ["5.1.9-0+deb12u1", ["decode h264 8", "encode hevc 8"], ["decode h264: 6.1, encode hevc: 7.1"]],
  ["6.1.1", ["decode h264 8", "decode vp9 8", "encode av1 8"], ["decode vp9: 8.0, encode av1: 8.0"]],
  ["9.0.2", ["decode h264 8", "encode hevc 8"], []],
  ["N-118000-gabcdef", ["decode h264 8", "encode hevc 8"], []],
  ["5.1.9", ["decode h264 8"], ["decode h264: 6.1)"]],
])("ffmpeg %s, with a card that offers %p", (version, offered, parts) => {
  const ffmpeg = { path: "ffmpeg", ffprobe_path: "ffprobe", version, major: null };
  const card = device({ driver: { ...radv, id: 99 }, video: offered.map((one) => offer(one)) });
  const lines = adviceOn({ vulkan: probe(card), capabilities: { ffmpeg }, os: "linux" });
  expect(lines).toHaveLength(parts.length);
  for (const [index, part] of parts.entries()) {
    expect(lines[index]).toStartWith(`ffmpeg ${version} is too old`);
    expect(lines[index]).toContain(part);
  }
});

test.each<[string, string, string]>([
  [
    "without Vulkan",
    'Invalid device specification "vulkan=vk:0": unknown device type',
    "built without Vulkan",
  ],
  ["with other drivers", "ffmpeg's device 0 is another card: L4 (0x27b8)", "finds other GPUs than vc"],
  ["that hangs", "no answer within 30 s", "does not survive ffmpeg (no answer within 30 s)"],
  ["that dies", "ffmpeg died of SIGSEGV", "does not survive ffmpeg"],
  ["that cannot open it", "its device cannot be opened", "/dev/dri/renderD128"],
])("where nothing worked with an ffmpeg %s, people learn what to do", (_, why, advice) => {
  const refused = [{ stage: "scale" as const, codec: null, bit_depth: 8 as const, why }];
  const on = (changes: Partial<Gpu>) => {
    const gpus = [gpu({ refused, ...changes })];
    const machine = { ffmpeg: { path: "", ffprobe_path: "", version: "9.0", major: 9 }, gpus, encoders: [] };
    return adviceOn({ vulkan: probe(device()), capabilities: machine, os: "linux" }).join("\n");
  };
  expect(on({})).toContain(advice);
  expect(on({ scale: [8] })).not.toContain(advice);
  expect(on({ type: "cpu" })).not.toContain(advice);
});
