import type { Damage } from "../../src/ffmpeg/log.ts";
import { type Plan, plan } from "../../src/ffmpeg/plan.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import {
  CPU_ONLY,
  type EncodeLimits,
  FAMILY_NAMES,
  type GpuUse,
  NO_DEVICE_OPTIONS,
} from "../../src/shared/gpu.ts";
import type { AudioStream, MediaInfo, SubtitleStream, VideoStream } from "../../src/shared/media.ts";

/** Records with everything filled in, so that a test names only what it is about. */

export function conversion(changes: Partial<Conversion> = {}): Conversion {
  return {
    codec: "h264",
    container: "mp4",
    target_resolution: null,
    bitrate: null,
    quality: 23,
    preset: "ultrafast",
    bit_depth: null,
    hdr: "keep",
    deinterlace: "half",
    audio_codec: "aac",
    audio_bitrate: 128_000,
    audio_channels: "keep",
    audio_lossless: "convert",
    subtitles: "drop",
    verify: "quick",
    ...changes,
  };
}

export function videoStream(changes: Partial<VideoStream> = {}): VideoStream {
  return {
    index: 0,
    codec: "h264",
    profile: "High",
    width: 1920,
    height: 1080,
    rotation: 0,
    mirrored: false,
    tilted: null,
    turned_in_pictures: false,
    crop: null,
    sample_aspect_ratio: { num: 1, den: 1 },
    pixel_format: "yuv420p",
    bit_depth: 8,
    hidden_alpha: false,
    chroma: "420",
    frame_rate: 25,
    base_frame_rate: 25,
    constant_rate: true,
    exact_rate: { num: 25, den: 1 },
    time_base: { num: 1, den: 12_800 },
    bit_rate: null,
    duration_s: 60,
    start_s: 0,
    frames: null,
    interlaced: false,
    scan: { kind: "progressive", first: null, seen: false },
    color: { primaries: null, transfer: null, matrix: null, range: null },
    chroma_location: null,
    language: null,
    title: null,
    hdr: null,
    attached_picture: false,
    filename: null,
    mimetype: null,
    still: false,
    default: true,
    captions: false,
    oddities: [],
    ...changes,
  };
}

export function audioStream(changes: Partial<AudioStream> = {}): AudioStream {
  return {
    index: 1,
    codec: "aac",
    profile: null,
    channels: 2,
    channel_layout: "stereo",
    sample_rate: 48_000,
    sample_bits: null,
    bit_rate: 128_000,
    language: null,
    title: null,
    flags: ["default"],
    handler: null,
    start_s: 0,
    duration_s: 60,
    empty: false,
    undecodable: false,
    unsteady: false,
    ...changes,
  };
}

export function subtitleStream(changes: Partial<SubtitleStream> = {}): SubtitleStream {
  return {
    ...{ index: 2, codec: "subrip", text: true, language: null, title: null, flags: [], handler: null },
    ...changes,
  };
}

export function media(changes: Partial<MediaInfo> = {}): MediaInfo {
  return {
    format: "matroska,webm",
    duration_s: 60,
    start_s: 0,
    size_bytes: 60_000_000,
    bit_rate: 8_000_000,
    video: [videoStream()],
    audio: [],
    subtitles: [],
    other: [],
    chapters: 0,
    chapter_titles: [],
    tags: {},
    ...changes,
  };
}

/** What a driver states that can do everything. */
export function encodeLimits(changes: Partial<EncodeLimits> = {}): EncodeLimits {
  return {
    ...{ min_width: 64, min_height: 64, max_width: 4096, max_height: 4096 },
    rate_control: ["constant_qp", "cbr", "vbr"],
    quality_levels: 4,
    min_qp: 0,
    max_qp: 51,
    max_bitrate: 100_000_000,
    ...changes,
  };
}

/** An attempt that was given the card of gpuRecord(). */
export function gpuUse(changes: Partial<GpuUse> = {}): GpuUse {
  return {
    ...{ use_vulkan: "auto", device: "uuid-1", no_device: null, families: FAMILY_NAMES },
    ...{ suspects: [], rates: [] },
    ...changes,
  };
}

/** A machine where every software encoder was proven. */
export function capabilities(changes: Partial<Capabilities> = {}): Capabilities {
  const software = (codec: string, encoder: string, ten_bit: boolean) => ({
    family: "software" as const,
    codec,
    encoder,
    ten_bit,
    device: null,
    open: NO_DEVICE_OPTIONS,
    limits: null,
  });
  return {
    ffmpeg: { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "5.1.9", major: 5 },
    gpus: [],
    encoders: [
      software("h264", "libx264", true),
      software("hevc", "libx265", true),
      software("av1", "libsvtav1", true),
      software("av1", "libaom-av1", true),
      software("ffv1", "ffv1", true),
      software("prores", "prores_ks", true),
      software("aac", "aac", false),
      software("opus", "libopus", false),
    ],
    tone_map: { why: null },
    refused: [],
    ...changes,
  };
}

export function damage(changes: Partial<Damage> = {}): Damage {
  return { lines: 0, first: null, corrupt_pictures: 0, undecoded: {}, container: 0, ...changes };
}

/** The best plan for a film. */
export function bestPlan(of: {
  media: MediaInfo;
  conversion: Conversion;
  capabilities?: Capabilities;
  gpu?: GpuUse;
}): Plan {
  const result = plan({ capabilities: capabilities(), gpu: CPU_ONLY, ...of });
  if ("refusal" in result) throw new Error(result.refusal.message);
  const [best] = result.ladder;
  if (best === undefined) throw new Error("an empty ladder");
  return best;
}

/** A film of two fields a picture, the top one first, as its header says. */
export const INTERLACED: Partial<VideoStream> = {
  interlaced: true,
  scan: { kind: "interlaced", first: "top", seen: false },
};
