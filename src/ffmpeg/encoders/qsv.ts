import type { Preset } from "../../shared/conversion.ts";
import type { Encoder, EncoderFamily, EncoderSettings } from "./family.ts";
import { NV12, P010 } from "./formats.ts";
import { KEYFRAMES, quantizer } from "./scales.ts";
import { renderNode } from "./vaapi.ts";

const h264: Encoder = {
  codec: "h264",
  encoder: "h264_qsv",
  formats: [NV12],
  min_size: { width: 128, height: 96 },
  options: (settings) => [...common(settings), "-profile:v", "high"],
};

const hevc: Encoder = {
  codec: "hevc",
  encoder: "hevc_qsv",
  formats: [NV12, P010],
  min_size: { width: 128, height: 96 },
  options: (settings) => [
    ...common(settings),
    ...["-profile:v", settings.bit_depth === 10 ? "main10" : "main"],
  ],
};

const av1: Encoder = {
  codec: "av1",
  encoder: "av1_qsv",
  formats: [NV12, P010],
  min_size: { width: 128, height: 96 },
  options: (settings) => [...common(settings), "-profile:v", "main"],
};

/** Intel's Quick Sync. On Windows a device cannot be named in Vulkan's terms, so there it is the system's choice. */
export const qsv: EncoderFamily = {
  family: "qsv",
  frames: "cpu",
  device({ gpu, os }) {
    if (os !== "linux" && os !== "win32") return null;
    if (gpu === null) return { input: ["-init_hw_device", "qsv=qs:hw_any"], upload: [], output: [] };
    const node = gpu.vendor_id === INTEL ? renderNode(gpu, os) : null;
    if (node === null) return null;
    const input = ["-init_hw_device", `vaapi=va:${node}`, "-init_hw_device", "qsv=qs@va"];
    return { input, upload: [], output: [] };
  },
  encoders: [h264, hevc, av1],
};

const INTEL = 0x8086;

/** Quick Sync has x264's names, from veryfast on. */
function presetName(preset: Preset): string {
  return preset === "ultrafast" || preset === "superfast" ? "veryfast" : preset;
}

/**
 * `-global_quality` means Intel's ICQ, made like x264's CRF: 1 to 51, for AV1 too. A rate that equals its ceiling would
 * mean a constant one.
 */
function common({ rate, preset }: EncoderSettings): string[] {
  const control =
    rate.kind === "quality"
      ? ["-global_quality:v", String(quantizer(rate.quality))]
      : [
          ...["-b:v", String(Math.round(rate.bit_rate * 0.9)), "-maxrate", String(rate.bit_rate)],
          ...["-bufsize", String(2 * rate.bit_rate)],
        ];
  return ["-preset", presetName(preset), ...control, ...KEYFRAMES];
}
