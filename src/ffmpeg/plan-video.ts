import type { Conversion, Preset } from "../shared/conversion.ts";
import type { MediaInfo, Rational, VideoStream } from "../shared/media.ts";
import type { RateControl } from "./encoders/family.ts";
import type { EncoderChoice } from "./plan-encoder.ts";

export type VideoPlan = {
  /** The stream's index in the source. */
  index: number;
  codec: Conversion["codec"];
  encoder: string;
  /** The result's size, upright and with square pixels. */
  width: number;
  height: number;
  pixel_format: string;
  bit_depth: 8 | 10;
  deinterlace: boolean;
  rate: RateControl;
  preset: Preset;
  frame_rate: Rational | null;
  /** The source's own unit of time, so that every timestamp stays exact. */
  time_base: Rational;
  color: VideoStream["color"];
  /** RGB must be turned into YUV by a named matrix. */
  from_rgb: boolean;
  notes: string[];
};

export function planVideo(of: {
  film: VideoStream;
  media: MediaInfo;
  conversion: Conversion;
  choice: EncoderChoice;
}): VideoPlan {
  const { film, conversion, choice } = of;
  const { bit_depth, encoder } = choice;
  const from_rgb = film.chroma === "rgb";
  return {
    index: film.index,
    codec: conversion.codec,
    encoder: encoder.encoder,
    ...outputSize(film, conversion.target_resolution),
    pixel_format: encoder.formats.find((one) => one.bit_depth === bit_depth)?.result ?? "yuv420p",
    bit_depth,
    deinterlace: film.interlaced,
    rate: rateControl(of),
    preset: conversion.preset,
    frame_rate: film.exact_rate,
    time_base: film.time_base,
    color: from_rgb ? { ...film.color, matrix: "bt709", range: "tv" } : { ...film.color, range: "tv" },
    from_rgb,
    notes: notesOf(film, bit_depth),
  };
}

/**
 * The size after rotation and with square pixels, fitted into the box without ever being enlarged; even, as 4:2:0
 * wants it. The box is turned for upright films: 1920x1080 is 1080x1920 for them.
 */
export function outputSize(
  film: VideoStream,
  box: { width: number; height: number } | null,
): { width: number; height: number } {
  const shown = shownSize(film);
  const upright = shown.height > shown.width;
  const turned =
    box !== null && upright !== box.height > box.width ? { width: box.height, height: box.width } : box;
  const factor = turned === null ? 1 : Math.min(1, turned.width / shown.width, turned.height / shown.height);
  return { width: even(shown.width * factor), height: even(shown.height * factor) };
}

/** Non-square pixels are widened or heightened, never squeezed: no detail is lost. */
function shownSize(film: VideoStream): { width: number; height: number } {
  const { num, den } = film.sample_aspect_ratio;
  const aspect = num / den;
  const sane = aspect >= 0.1 && aspect <= 10 ? aspect : 1;
  const width = film.width * Math.max(1, sane);
  const height = film.height * Math.max(1, 1 / sane);
  return film.rotation % 180 === 0 ? { width, height } : { width: height, height: width };
}

function even(pixels: number): number {
  return Math.max(2, 2 * Math.floor(Math.round(pixels * 100) / 200));
}

function rateControl({
  film,
  media,
  conversion,
}: {
  film: VideoStream;
  media: MediaInfo;
  conversion: Conversion;
}): RateControl {
  if (conversion.bitrate === null) return { kind: "quality", quality: conversion.quality };
  const own = film.bit_rate ?? estimatedBitRate(media);
  return {
    kind: "bit_rate",
    bit_rate: own === null ? conversion.bitrate : Math.min(conversion.bitrate, own),
  };
}

/** What the sound leaves of the whole file; null where that makes no sense. Below 50 kbit/s no estimate is believed. */
function estimatedBitRate(media: MediaInfo): number | null {
  const whole = media.duration_s === null ? media.bit_rate : (media.size_bytes * 8) / media.duration_s;
  const sound = media.audio.reduce((sum, track) => sum + (track.bit_rate ?? 0), 0);
  return whole === null || whole - sound < 50_000 ? null : Math.round(whole - sound);
}

function notesOf(film: VideoStream, bit_depth: number): string[] {
  const hdr = ["smpte2084", "arib-std-b67"].includes(film.color.transfer ?? "");
  return [
    ...(film.bit_depth > bit_depth && hdr
      ? ["The film is HDR; with 8 bits a sample its colours may show bands."]
      : []),
    ...(film.interlaced ? ["The film was interlaced and has been deinterlaced."] : []),
  ];
}
