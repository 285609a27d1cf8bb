import type { RateControl } from "./family.ts";

/** Quality, rate and distance of keyframes as several families say them. */

/** x264's own largest distance: ten seconds at 25 frames a second. ffmpeg's default for others goes from 12 to 9999. */
export const KEYFRAMES = ["-g", "250"];

/** A ceiling that holds over every two seconds, not only on average. */
export function ceiling(bit_rate: number): string[] {
  return ["-b:v", String(bit_rate), "-maxrate", String(bit_rate), "-bufsize", String(2 * bit_rate)];
}

/** `quality` where that decides, below a ceiling or not; else the ceiling. */
export function qualityOr(rate: RateControl, options: (quality: number) => string[]): string[] {
  return rate.kind === "quality" ? [...options(rate.quality), ...below(rate)] : ceiling(rate.bit_rate);
}

/** A ceiling beside a quality, for encoders that keep both. */
export function below({ most }: { most?: number }): string[] {
  return most === undefined ? [] : ["-maxrate", String(most), "-bufsize", String(2 * most)];
}

/**
 * The quantizer of H.264 and HEVC, whose steps are the same; it stands for about the quality that the same CRF gives.
 * Never 0: hardware encoders take that for "not set".
 */
export function quantizer(quality: number, limits: { min_qp: number; max_qp: number } | null = null): number {
  const lowest = Math.max(1, limits?.min_qp ?? 1);
  return Math.max(lowest, Math.min(limits?.max_qp || 51, quality));
}

/** ffmpeg's AV1 guide: libaom's 23 is x264's 19; the ends of the scales meet (51, 63). */
export function aomQuality(quality: number): number {
  return Math.round(quality <= 19 ? (quality * 23) / 19 : 23 + ((quality - 19) * 40) / 32);
}

/** AV1's own scale goes from 0 to 255; libaom's 0 to 63 stands for it in about even steps. Never 0, as above. */
export function av1Quantizer(
  quality: number,
  limits: { min_qp: number; max_qp: number } | null = null,
): number {
  const lowest = Math.max(1, limits?.min_qp ?? 1);
  return Math.max(lowest, Math.min(limits?.max_qp || 255, Math.round((aomQuality(quality) * 255) / 63)));
}

/** By what Apple's paper on ProRes says that the profiles are for: HQ for masters, Proxy for previews. No rate is kept. */
export function proresProfile(rate: RateControl): "hq" | "standard" | "lt" | "proxy" {
  if (rate.kind === "bit_rate" || rate.quality <= 18) return "hq";
  if (rate.quality <= 25) return "standard";
  return rate.quality <= 32 ? "lt" : "proxy";
}
