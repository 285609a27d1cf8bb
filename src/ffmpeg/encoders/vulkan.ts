import type { EncodeLimits } from "../../shared/gpu.ts";
import type { Encoder, EncoderFamily, PictureFormat, RateControl } from "./family.ts";
import { NV12, P010, PLANAR_422_10, PLANAR_ALL } from "./formats.ts";
import { av1Quantizer, ceiling, KEYFRAMES, proresProfile, quantizer } from "./scales.ts";

/**
 * H.264, HEVC and AV1 need a driver with video encode queues and state what they take in its limits. There is no preset:
 * `-quality` is one, but its direction has changed between versions of ffmpeg.
 */
const h264: Encoder = {
  codec: "h264",
  encoder: "h264_vulkan",
  formats: [NV12],
  min_size: { width: 16, height: 16 },
  options: ({ rate, limits }) => [
    ...rateControl(rate, limits, quantizer),
    ...[...KEYFRAMES, "-profile:v", "high"],
  ],
};

const hevc: Encoder = {
  codec: "hevc",
  encoder: "hevc_vulkan",
  formats: [NV12, P010],
  min_size: { width: 16, height: 16 },
  options: ({ rate, bit_depth, limits }) => [
    ...rateControl(rate, limits, quantizer),
    ...[...KEYFRAMES, "-profile:v", bit_depth === 10 ? "main10" : "main"],
  ],
};

const av1: Encoder = {
  codec: "av1",
  encoder: "av1_vulkan",
  formats: [NV12, P010],
  min_size: { width: 16, height: 16 },
  options: ({ rate, limits }) => [
    ...rateControl(rate, limits, av1Quantizer),
    ...[...KEYFRAMES, "-profile:v", "main"],
  ],
};

/** FFV1 and ProRes are compute shaders, which need no video queue. The formats must be planar: nv12 crashes them. */
const ffv1: Encoder = {
  codec: "ffv1",
  encoder: "ffv1_vulkan",
  formats: PLANAR_ALL.map(alignedForFfv1),
  min_size: { width: 64, height: 64 },
  options: () => ["-level", "3", "-g", "1", "-slicecrc", "1", "-slices_h", "8", "-slices_v", "8"],
};

const prores: Encoder = {
  codec: "prores",
  encoder: "prores_ks_vulkan",
  formats: [PLANAR_422_10],
  min_size: { width: 16, height: 16 },
  options: ({ rate }) => ["-profile:v", proresProfile(rate), "-vendor", "apl0"],
};

/** Encoding through Vulkan, by whatever GPU. */
export const vulkan: EncoderFamily = {
  family: "vulkan",
  frames: "vulkan",
  device: ({ gpu }) =>
    gpu === null
      ? null
      : { input: [...vulkanDevice(gpu), "-filter_hw_device", "vk"], upload: ["hwupload"], output: [] },
  encoders: [h264, hevc, av1, ffv1, prores],
};

/** `vk` is the device's name in all that follows on the command line. */
export function vulkanDevice({ index }: { index: number }): string[] {
  return ["-init_hw_device", `vulkan=vk:${index}`];
}

/** A driver may offer no variable rate; where it is not known what it offers, ffmpeg chooses. */
function rateControl(
  rate: RateControl,
  limits: EncodeLimits | null,
  scale: (quality: number, limits: EncodeLimits | null) => number,
): string[] {
  if (rate.kind === "quality") return ["-rc_mode", "cqp", "-qp", String(scale(rate.quality, limits))];
  const most = limits !== null && limits.max_bitrate > 0 ? limits.max_bitrate : Number.POSITIVE_INFINITY;
  const mode = (["vbr", "cbr"] as const).find((one) => limits?.rate_control.includes(one)) ?? "auto";
  return ["-rc_mode", mode, ...ceiling(Math.min(rate.bit_rate, most))];
}

/** libavcodec/ffv1enc_vulkan.c: FFV1 version 3 with subsampled colours needs multiples of 64 samples of colour. */
function alignedForFfv1(format: PictureFormat): PictureFormat {
  const width = format.chroma === "444" ? 1 : 128;
  return { ...format, align: { width, height: format.chroma === "420" ? 128 : 1 } };
}
