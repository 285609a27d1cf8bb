import type { Encoder, EncoderFamily, RateControl } from "./family.ts";
import { NV12, P010 } from "./formats.ts";
import { KEYFRAMES, proresProfile, qualityOr } from "./scales.ts";

const h264: Encoder = {
  codec: "h264",
  encoder: "h264_videotoolbox",
  formats: [NV12],
  min_size: { width: 64, height: 64 },
  options: ({ rate }) => [...rateControl(rate), ...KEYFRAMES, "-profile:v", "high"],
};

const hevc: Encoder = {
  codec: "hevc",
  encoder: "hevc_videotoolbox",
  formats: [NV12, P010],
  min_size: { width: 64, height: 64 },
  options: ({ rate, bit_depth }) => [
    ...rateControl(rate),
    ...[...KEYFRAMES, "-profile:v", bit_depth === 10 ? "main10" : "main"],
  ],
};

const prores: Encoder = {
  codec: "prores",
  encoder: "prores_videotoolbox",
  formats: [{ chroma: "422", bit_depth: 10, input: "p210le", result: "yuv422p10le" }],
  min_size: { width: 64, height: 64 },
  options: ({ rate }) => ["-profile:v", proresProfile(rate)],
};

/** Apple's encoders; the system chooses the device. Constant quality needs Apple's own processors. */
export const videotoolbox: EncoderFamily = {
  family: "videotoolbox",
  frames: "cpu",
  device: ({ gpu, os }) => (gpu === null && os === "darwin" ? { input: [], upload: [], output: [] } : null),
  encoders: [h264, hevc, prores],
};

/** Apple's scale goes from 1 to 100, the best; the ends of the scales meet. */
function rateControl(rate: RateControl): string[] {
  return qualityOr(rate, (quality) => ["-q:v", String(Math.max(1, Math.round(100 - (quality * 100) / 51)))]);
}
