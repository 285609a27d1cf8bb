import * as v from "valibot";
import { Quality } from "./quality.ts";

/** What a film is to become. Travels with every job, so that a worker needs no settings of its own. */
export const CODECS = ["h264", "hevc", "av1", "ffv1", "prores"] as const;
export const CONTAINERS = ["mp4", "mkv"] as const;
export const AUDIO_CODECS = ["aac", "opus", "copy"] as const;
/** x264's names; every encoder family maps them to its own. */
export const PRESETS = [
  "ultrafast",
  "superfast",
  "veryfast",
  "faster",
  "fast",
  "medium",
  "slow",
  "slower",
  "veryslow",
] as const;
export const HDR_MODES = ["keep", "tonemap"] as const;
export const DEINTERLACE_MODES = ["half", "full", "off"] as const;
export const AUDIO_CHANNELS = ["keep", "stereo"] as const;
export const AUDIO_LOSSLESS = ["convert", "keep"] as const;
export const SUBTITLE_MODES = ["drop", "beside", "mkv"] as const;
export const VERIFY_LEVELS = ["quick", "full", "measured"] as const;

export const Conversion = v.object({
  codec: v.picklist(CODECS),
  container: v.picklist(CONTAINERS),
  /** The box to fit in; null keeps the source's size. */
  target_resolution: v.nullable(v.object({ width: v.number(), height: v.number() })),
  /** A ceiling in bits per second; null: by quality. */
  bitrate: v.nullable(v.number()),
  /** On x264's CRF scale, 0 (lossless) to 51, used where no bitrate is given; or what the result is to score. */
  quality: Quality,
  preset: v.picklist(PRESETS),
  /** 8, 10, or null: as the source (h264 always 8 then). */
  bit_depth: v.nullable(v.picklist([8, 10])),
  /** Whether HDR stays HDR where the codec and its bits allow it, or becomes SDR. */
  hdr: v.optional(v.picklist(HDR_MODES), "keep"),
  /** Pictures of two fields become one whole picture, two, or stay. */
  deinterlace: v.optional(v.picklist(DEINTERLACE_MODES), "half"),
  audio_codec: v.picklist(AUDIO_CODECS),
  /** Bits per second for a stereo track. */
  audio_bitrate: v.number(),
  /** Whether what has more than two channels becomes stereo. */
  audio_channels: v.optional(v.picklist(AUDIO_CHANNELS), "keep"),
  /** Whether lossless tracks stay lossless, whatever the audio codec. */
  audio_lossless: v.optional(v.picklist(AUDIO_LOSSLESS), "convert"),
  /** What becomes of picture subtitles that the container cannot hold. */
  subtitles: v.optional(v.picklist(SUBTITLE_MODES), "drop"),
  verify: v.picklist(VERIFY_LEVELS),
});
export type Conversion = v.InferOutput<typeof Conversion>;
export type Codec = Conversion["codec"];
export type Container = Conversion["container"];
export type Preset = Conversion["preset"];

/** Whether every sample of the picture is kept; quality and bit rate have no effect then. */
export function isLossless(codec: Codec): boolean {
  return codec === "ffv1";
}

/** Whether ffmpeg's muxer takes the codec in that container, and players know it there. */
export function canHold(container: Container, codec: Codec): boolean {
  return container === "mkv" || (codec !== "ffv1" && codec !== "prores");
}
