import type { Preset } from "../../shared/conversion.ts";
import type { Encoder, EncoderFamily, EncoderSettings } from "./family.ts";
import { NV12, P010 } from "./formats.ts";
import { aomQuality, KEYFRAMES, qualityOr, quantizer } from "./scales.ts";
import { vulkanDevice } from "./vulkan.ts";

/** No 10 bits: only the newest cards have High 10, which few players show. */
const h264: Encoder = {
  codec: "h264",
  encoder: "h264_nvenc",
  formats: [NV12],
  min_size: { width: 160, height: 64 },
  caps_quality: true,
  options: (settings) => [...common(settings, quantizer), "-profile:v", "high"],
};

const hevc: Encoder = {
  codec: "hevc",
  encoder: "hevc_nvenc",
  formats: [NV12, P010],
  min_size: { width: 160, height: 64 },
  caps_quality: true,
  options: (settings) => [
    ...common(settings, quantizer),
    ...["-profile:v", settings.bit_depth === 10 ? "main10" : "main"],
  ],
};

const av1: Encoder = {
  codec: "av1",
  encoder: "av1_nvenc",
  formats: [NV12, P010],
  min_size: { width: 192, height: 128 },
  caps_quality: true,
  options: (settings) => common(settings, (quality) => Math.max(1, aomQuality(quality))),
};

/** NVIDIA's encoders. CUDA counts devices in another order than Vulkan, so it is told which one by Vulkan's. */
export const nvenc: EncoderFamily = {
  family: "nvenc",
  frames: "cpu",
  device({ gpu, os }) {
    if (os === "darwin") return null;
    if (gpu === null) return { input: [], upload: [], output: [] };
    if (gpu.vendor_id !== NVIDIA) return null;
    return { input: [...vulkanDevice(gpu), "-init_hw_device", "cuda=cu@vk"], upload: [], output: [] };
  },
  encoders: [h264, hevc, av1],
};

const NVIDIA = 0x10de;

/** p1 is the fastest, p4 NVIDIA's own medium, p7 the best. */
const PRESETS: Record<Preset, string> = {
  ultrafast: "p1",
  superfast: "p1",
  veryfast: "p2",
  faster: "p3",
  fast: "p3",
  medium: "p4",
  slow: "p5",
  slower: "p6",
  veryslow: "p7",
};

/** Without a rate of 0, quality would be bounded by ffmpeg's default of 2 Mbit/s. */
function common({ rate, preset }: EncoderSettings, scale: (quality: number) => number): string[] {
  return [
    ...["-preset", PRESETS[preset], "-tune", "hq", "-rc", "vbr"],
    ...qualityOr(rate, (quality) => ["-cq", String(scale(quality)), "-b:v", "0"]),
    ...KEYFRAMES,
  ];
}
