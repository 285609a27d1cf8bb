import type { Conversion } from "../shared/conversion.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { formatQuality, type QualityWish } from "../shared/quality.ts";
import type { RateControl } from "./encoders/family.ts";
import type { Step } from "./plan-ladder.ts";
import { FIRST_QUALITY } from "./quality-search.ts";

type Of = { film: VideoStream; media: MediaInfo; conversion: Conversion; step: Step };

/** How good or how large the film becomes; with a wish, where a search for it begins. */
export function planRate(of: Of): { rate: RateControl; wish: QualityWish | null } {
  const { quality, codec } = of.conversion;
  const wish = typeof quality === "number" || !hasScale(codec) ? null : quality;
  const first = typeof quality === "number" ? quality : hasScale(codec) ? FIRST_QUALITY : UNSEARCHED;
  const most = ceilingOf(of);
  if (most === null) return { rate: { kind: "quality", quality: first }, wish };
  const both = wish !== null && of.step.choice.encoder.caps_quality === true;
  return {
    rate: both ? { kind: "quality", quality: first, most } : { kind: "bit_rate", bit_rate: most },
    wish,
  };
}

/** What people should know of a wish that cannot be searched for. */
export function rateNotes(of: Of): string[] {
  const { quality, codec } = of.conversion;
  if (typeof quality === "number") return [];
  const wish = formatQuality(quality);
  if (codec === "ffv1")
    return [`ffv1 keeps every sample, so that conversion.quality (${wish}) changes nothing.`];
  if (codec === "prores")
    return [`prores has no scale of quality to search: for ${wish} its profile HQ was taken.`];
  const { rate } = planRate(of);
  if (rate.kind === "quality") return [];
  const { encoder } = of.step.choice.encoder;
  return [
    `${encoder} cannot keep a quality and a ceiling at once: conversion.bitrate decides, and ${wish} was not searched for.`,
  ];
}

/** Whether the codec can be made better and worse in steps. */
function hasScale(codec: Conversion["codec"]): boolean {
  return codec !== "ffv1" && codec !== "prores";
}

/** Of prores, the best of its profiles without transparency. */
const UNSEARCHED = 18;

function ceilingOf({ film, media, conversion }: Of): number | null {
  if (conversion.bitrate === null) return null;
  const own = film.bit_rate ?? estimatedBitRate(media);
  return own === null ? conversion.bitrate : Math.min(conversion.bitrate, own);
}

/** What the sound leaves of the whole file; null where that makes no sense. Below 50 kbit/s no estimate is believed. */
export function estimatedBitRate(media: MediaInfo): number | null {
  const whole = media.duration_s === null ? media.bit_rate : (media.size_bytes * 8) / media.duration_s;
  const sound = media.audio.reduce((sum, track) => sum + (track.bit_rate ?? 0), 0);
  return whole === null || whole - sound < 50_000 ? null : Math.round(whole - sound);
}
