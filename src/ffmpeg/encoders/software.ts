import type { Preset } from "../../shared/conversion.ts";
import { NO_DEVICE_OPTIONS } from "../../shared/gpu.ts";
import type { Encoder, EncoderFamily, EncoderSettings, RateControl } from "./family.ts";
import { PLANAR_420, PLANAR_422_10, PLANAR_ALL, PRORES_444, RGB_AND_TRANSPARENT } from "./formats.ts";
import { chromaLocation, svtHdr, x265Hdr } from "./hdr.ts";
import { aomQuality, below, KEYFRAMES, proresProfile, qualityOr } from "./scales.ts";

const x264: Encoder = {
  codec: "h264",
  encoder: "libx264",
  formats: PLANAR_420,
  min_size: { width: 2, height: 2 },
  caps_quality: true,
  options: ({ rate, preset }) => ["-preset", preset, ...crfOrCeiling(rate, (quality) => quality)],
};

const x265: Encoder = {
  codec: "hevc",
  encoder: "libx265",
  formats: PLANAR_420,
  min_size: { width: 16, height: 16 },
  hdr: "options",
  caps_quality: true,
  options: ({ rate, preset, ...settings }) => [
    ...["-preset", preset],
    // x265's manual: its default CRF of 28 is visually x264's 23.
    ...crfOrCeiling(rate, (quality) => Math.min(51, quality + 5)),
    ...["-x265-params", x265Params(settings)],
  ],
};

const svtAv1: Encoder = {
  codec: "av1",
  encoder: "libsvtav1",
  formats: PLANAR_420,
  // SVT-AV1 refuses anything smaller (EbEncHandle.c, "Source Width must be at least 64").
  min_size: { width: 64, height: 64 },
  hdr: "options",
  caps_quality: true,
  options: ({ rate, preset, color }) => [
    ...svtHdr(color?.hdr ?? null),
    ...["-preset", String(SVT_PRESETS[preset])],
    // SVT-AV1 has -maxrate for constant quality only, so a ceiling is its variable rate.
    ...(rate.kind === "quality"
      ? ["-crf", String(svtCrf(rate.quality)), ...below(rate)]
      : ["-b:v", String(rate.bit_rate)]),
  ],
};

const aomAv1: Encoder = {
  codec: "av1",
  encoder: "libaom-av1",
  formats: PLANAR_420,
  min_size: { width: 16, height: 16 },
  options: ({ rate, preset }) => [
    ...["-usage", "good", "-row-mt", "1", "-cpu-used", String(AOM_SPEEDS[preset])],
    ...crfOrCeiling(rate, aomQuality),
    // Without a rate of 0 libaom takes the CRF for a limit only.
    ...(rate.kind === "quality" ? ["-b:v", "0"] : []),
    // libaom's own largest distance is 9999, over which nobody can seek.
    ...KEYFRAMES,
  ],
};

/**
 * As archives use it (version 3, RFC 9043): every frame by itself, in slices with a checksum each. The range coder makes
 * files a quarter smaller than ffmpeg's default.
 */
const ffv1: Encoder = {
  codec: "ffv1",
  encoder: "ffv1",
  formats: [...PLANAR_ALL, ...RGB_AND_TRANSPARENT],
  min_size: { width: 16, height: 16 },
  options: () => ["-level", "3", "-g", "1", "-slicecrc", "1", "-slices", "16", "-coder", "range_tab"],
};

const prores: Encoder = {
  codec: "prores",
  encoder: "prores_ks",
  formats: [PLANAR_422_10, ...PRORES_444],
  min_size: { width: 2, height: 2 },
  options: ({ rate, chroma }) => [
    ...["-profile:v", chroma === "444" ? "4444" : proresProfile(rate), "-vendor", "apl0"],
  ],
};

/** Encoding on the CPU, with libraries that are part of common builds of ffmpeg. */
export const software: EncoderFamily = {
  family: "software",
  frames: "cpu",
  device: () => NO_DEVICE_OPTIONS,
  encoders: [x264, x265, svtAv1, aomAv1, ffv1, prores],
};

/** SVT-AV1's presets go from 13 (fastest) to 0; its documentation puts 8 to 12 at real-time use and 4 to 6 at archives. */
const SVT_PRESETS: Record<Preset, number> = {
  ultrafast: 12,
  superfast: 11,
  veryfast: 10,
  faster: 9,
  fast: 8,
  medium: 7,
  slow: 5,
  slower: 4,
  veryslow: 3,
};

/** libaom's -cpu-used in "good" usage goes from 8 (fastest) to 0; below 2 it takes minutes a second of film. */
const AOM_SPEEDS: Record<Preset, number> = {
  ultrafast: 8,
  superfast: 8,
  veryfast: 7,
  faster: 6,
  fast: 6,
  medium: 5,
  slow: 4,
  slower: 3,
  veryslow: 2,
};

function crfOrCeiling(rate: RateControl, crf: (quality: number) => number): string[] {
  return qualityOr(rate, (quality) => ["-crf", String(crf(quality))]);
}

/** Before ffmpeg 6 libx265 is told the time base as its rate, which would spoil its rate control. */
function x265Params(of: Omit<EncoderSettings, "rate" | "preset">): string {
  const { frame_rate, color, size } = of;
  const fps = frame_rate === null ? [] : [`fps=${frame_rate.num}/${frame_rate.den}`];
  const location = chromaLocation(color?.chroma_location ?? null);
  const chroma = location === null ? [] : [`chromaloc=${location}`];
  // x265 3.5 was seen to die of small pictures (34x18 to 48x48) when it plans ahead by blocks (cutree).
  const small = size !== undefined && Math.min(size.width, size.height) < 64 ? ["cutree=0"] : [];
  return ["log-level=warning", ...fps, ...small, ...chroma, ...x265Hdr(color?.hdr ?? null)].join(":");
}

/** Through (0, 0), the two encoders' own defaults (23, 35) and the ends of the scales (51, 63). */
function svtCrf(quality: number): number {
  return Math.round(quality <= 23 ? (quality * 35) / 23 : 35 + ((quality - 23) * 28) / 28);
}
