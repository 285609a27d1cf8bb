import type { BitDepth, Gpu } from "../shared/gpu.ts";
import type { VideoStream } from "../shared/media.ts";
import type { PictureFormat } from "./encoders/family.ts";
import { whyNotOnGpu } from "./plan-picture.ts";
import { isPadded, isScaled, type Shape, turned } from "./plan-size.ts";

/**
 * Why a film's pictures cannot be brought to their size on this Gpu, in words that follow a colon; null where they can,
 * or where there is nothing to do.
 */
export function whyNotFilter(of: {
  film: VideoStream;
  size: Shape;
  format: PictureFormat;
  /** Where the pictures come from: those that the CPU decoded become what the encoder takes before they are uploaded. */
  decode: "vulkan" | "cpu";
  keeps_range: boolean;
  /** Whether HDR becomes SDR there. */
  tone_map: boolean;
  gpu: Gpu;
}): string | null {
  const { film, size, gpu } = of;
  const { bit_depth } = of.format;
  const on_cpu = whyNotOnGpu(film);
  if (on_cpu !== null) return on_cpu;
  if (isPadded(size)) return "the film's odd size must be made even";
  if (film.chroma === "gray" && of.decode === "cpu") return "the film is grey";
  if (film.chroma === "rgb") return "the film is RGB";
  if (film.color.range === "pc" && !of.keeps_range) return "the film has the full range of brightness";
  if (of.tone_map) return whyNotToneMap(gpu, bit_depth);
  if (of.decode === "vulkan" && film.bit_depth !== bit_depth) {
    return `the film's ${film.bit_depth} bits a sample become ${bit_depth}`;
  }
  if (!isScaled(film, size)) return null;
  if (!gpu.scale.includes(bit_depth)) {
    const refused = gpu.refused.find((one) => one.stage === "scale" && one.bit_depth === bit_depth);
    return refused?.why ?? `it was not proven on ${gpu.name} with ${bit_depth} bits`;
  }
  const from = turned(film);
  const steep = from.width > MOST_SHRINK * size.width || from.height > MOST_SHRINK * size.height;
  return steep ? "to less than half its size only the CPU scales well" : null;
}

function whyNotToneMap(gpu: Gpu, bit_depth: BitDepth): string | null {
  if (gpu.tone_map?.includes(bit_depth) === true) return null;
  const refused = gpu.refused.find((one) => one.stage === "tone_map" && one.bit_depth === bit_depth);
  return `HDR to SDR: ${refused?.why ?? `it was not proven on ${gpu.name}`}`;
}

/** scale_vulkan mixes four pixels; beyond this factor it would leave some out, and fine patterns would flicker. */
const MOST_SHRINK = 2;
