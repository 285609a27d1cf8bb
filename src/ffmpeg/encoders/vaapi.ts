import type { Gpu } from "../../shared/gpu.ts";
import type { Encoder, EncoderFamily, RateControl } from "./family.ts";
import { NV12, P010 } from "./formats.ts";
import { av1Quantizer, ceiling, KEYFRAMES, quantizer } from "./scales.ts";

/** There is no preset: drivers number their speeds each in their own way, or have none. */
const h264: Encoder = {
  codec: "h264",
  encoder: "h264_vaapi",
  formats: [NV12],
  min_size: { width: 128, height: 128 },
  options: ({ rate }) => [
    ...rateControl(rate, (quality) => ["-qp", String(quantizer(quality))]),
    ...[...KEYFRAMES, "-profile:v", "high"],
  ],
};

const hevc: Encoder = {
  codec: "hevc",
  encoder: "hevc_vaapi",
  formats: [NV12, P010],
  min_size: { width: 128, height: 128 },
  options: ({ rate, bit_depth }) => [
    ...rateControl(rate, (quality) => ["-qp", String(quantizer(quality))]),
    ...[...KEYFRAMES, "-profile:v", bit_depth === 10 ? "main10" : "main"],
  ],
};

/** It has no `-qp`; its quantizer is the general quality. */
const av1: Encoder = {
  codec: "av1",
  encoder: "av1_vaapi",
  formats: [NV12, P010],
  min_size: { width: 128, height: 128 },
  options: ({ rate }) => [
    ...rateControl(rate, (quality) => ["-global_quality:v", String(av1Quantizer(quality))]),
    ...[...KEYFRAMES, "-profile:v", "main"],
  ],
};

/** AMD's and Intel's encoders on Linux. */
export const vaapi: EncoderFamily = {
  family: "vaapi",
  frames: "cpu",
  device({ gpu, os }) {
    if (os !== "linux") return null;
    const node = gpu === null ? null : renderNode(gpu, os);
    if (gpu !== null && (node === null || !VENDORS.includes(gpu.vendor_id))) return null;
    const device = node === null ? "vaapi=va" : `vaapi=va:${node}`;
    return {
      input: ["-init_hw_device", device, "-filter_hw_device", "va"],
      upload: ["hwupload"],
      output: [],
    };
  },
  encoders: [h264, hevc, av1],
};

/** udev's name for a GPU's render node, which says which one it is; null where the GPU has no such name. */
export function renderNode({ pci_address }: Gpu, os: string): string | null {
  return os !== "linux" || pci_address === null ? null : `/dev/dri/by-path/pci-${pci_address}-render`;
}

/** AMD and Intel. */
const VENDORS = [0x1002, 0x8086];

function rateControl(rate: RateControl, constant: (quality: number) => string[]): string[] {
  if (rate.kind === "quality") return ["-rc_mode", "CQP", ...constant(rate.quality)];
  return ["-rc_mode", "VBR", ...ceiling(rate.bit_rate)];
}
