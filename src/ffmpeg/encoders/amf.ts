import type { Preset } from "../../shared/conversion.ts";
import type { Encoder, EncoderFamily, EncoderSettings } from "./family.ts";
import { NV12, P010 } from "./formats.ts";
import { av1Quantizer, KEYFRAMES, qualityOr, quantizer } from "./scales.ts";

const h264: Encoder = {
  codec: "h264",
  encoder: "h264_amf",
  formats: [NV12],
  min_size: { width: 128, height: 128 },
  options: (settings) => [
    ...common(settings, ["-qp_i", "-qp_p", "-qp_b"], quantizer),
    ...["-profile:v", "high"],
  ],
};

const hevc: Encoder = {
  codec: "hevc",
  encoder: "hevc_amf",
  formats: [NV12, P010],
  min_size: { width: 192, height: 128 },
  options: (settings) => common(settings, ["-qp_i", "-qp_p"], quantizer),
};

const av1: Encoder = {
  codec: "av1",
  encoder: "av1_amf",
  formats: [NV12, P010],
  min_size: { width: 320, height: 128 },
  options: (settings) => common(settings, ["-qp_i", "-qp_p"], av1Quantizer),
};

/** AMD's own encoders. A device cannot be named in Vulkan's terms, so it is the system's choice. */
export const amf: EncoderFamily = {
  family: "amf",
  frames: "cpu",
  device: ({ gpu, os }) =>
    gpu === null && (os === "win32" || os === "linux") ? { input: [], upload: [], output: [] } : null,
  encoders: [h264, hevc, av1],
};

const QUALITIES: Record<Preset, "speed" | "balanced" | "quality"> = {
  ultrafast: "speed",
  superfast: "speed",
  veryfast: "speed",
  faster: "speed",
  fast: "balanced",
  medium: "balanced",
  slow: "quality",
  slower: "quality",
  veryslow: "quality",
};

function common(
  { rate, preset }: EncoderSettings,
  quantizers: string[],
  scale: (quality: number) => number,
): string[] {
  const control = qualityOr(rate, (quality) => quantizers.flatMap((option) => [option, `${scale(quality)}`]));
  return [
    ...["-usage", "transcoding", "-quality", QUALITIES[preset]],
    ...["-rc", rate.kind === "quality" ? "cqp" : "vbr_peak", ...control],
    ...KEYFRAMES,
  ];
}
