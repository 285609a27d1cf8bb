import * as v from "valibot";
import type { AudioStream, MediaInfo, SubtitleStream } from "../shared/media.ts";
import { MAX_DURATION_S, MAX_STREAMS } from "./limits.ts";
import { Probed, type ProbedStream } from "./probe-schema.ts";
import { claimedDuration, parseVideoStream } from "./probe-video.ts";
import { type Refusal, refusal } from "./refusal.ts";

/**
 * ffprobe's JSON (`-show_format -show_streams -show_chapters`) as a MediaInfo, or the reason why there is no film
 * in it. Durations in seconds; what is impossible counts as unknown.
 */
export function parseProbe(json: unknown, size_bytes: number): { media: MediaInfo } | { refusal: Refusal } {
  const parsed = v.safeParse(Probed, json);
  if (!parsed.success) return refusal("skipped", "not_a_video", "ffprobe could not tell what this file is.");
  const { format, chapters } = parsed.output;
  const streams = parsed.output.streams.filter((stream) => stream !== null);
  if (streams.some(isEncryptedTrack) || parsed.output.packets.some(isEncryptedPacket)) {
    return refusal(
      "permanent",
      "encrypted",
      "The film is encrypted (DRM); it can only be converted after it was decrypted.",
    );
  }
  const absurd = absurdity(parsed.output);
  if (absurd !== null) return refusal("permanent", "unsupported", absurd);
  const duration_s = trustedDuration(format.duration, streams);
  const media: MediaInfo = {
    format: format.format_name ?? "unknown",
    duration_s,
    start_s: format.start_time ?? 0,
    size_bytes,
    bit_rate: format.bit_rate,
    video: ofKind(streams, "video").map((stream) => parseVideoStream(stream, duration_s)),
    audio: ofKind(streams, "audio").map((stream) => parseAudio(stream, duration_s)),
    subtitles: ofKind(streams, "subtitle").map(parseSubtitle),
    other: streams.filter((stream) => !KINDS.includes(stream.codec_type ?? "")).map(parseOther),
    chapters: chapters.length,
  };
  return { media };
}

const KINDS = ["video", "audio", "subtitle"];
const TEXT_SUBTITLES = ["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"];

/** What no film has, in one sentence; null if there is nothing of the kind. */
function absurdity({ streams, format }: Probed): string | null {
  if (streams.length > MAX_STREAMS) {
    return `The file has ${streams.length} tracks, more than the ${MAX_STREAMS} that are taken; it is damaged or hostile.`;
  }
  const hours = Math.round(
    Math.max(format.duration ?? 0, ...streams.map((one) => one?.duration ?? 0)) / 3600,
  );
  if (hours <= MAX_DURATION_S / 3600) return null;
  return `The file claims to last ${hours} hours, more than the ${MAX_DURATION_S / 3600} that are taken; it is damaged or hostile.`;
}

/** `encv` and `enca` are ISO 23001-7's names of encrypted tracks, `drmi` and `drms` Apple's. */
function isEncryptedTrack(stream: ProbedStream): boolean {
  return ["encv", "enca", "drmi", "drms"].includes(stream.codec_tag_string ?? "");
}

function isEncryptedPacket({ side_data_list }: Probed["packets"][number]): boolean {
  return side_data_list.some(({ side_data_type }) => /^encryption/i.test(side_data_type ?? ""));
}

/** An unset 32-bit duration (all ones) of a fragmented mp4 reads as 2^32 units: 143,165 s at 1/30000. */
function trustedDuration(duration: number | null, streams: ProbedStream[]): number | null {
  if (duration === null || duration <= 0) return null;
  const unset = streams.some(({ time_base }) => {
    const units = time_base === null ? 0 : (duration * time_base.den) / time_base.num;
    return Math.abs(units - 2 ** 32) < 2;
  });
  return unset ? null : duration;
}

function ofKind(streams: ProbedStream[], kind: string): ProbedStream[] {
  return streams.filter((stream) => stream.codec_type === kind);
}

function parseAudio(stream: ProbedStream, container_duration_s: number | null): AudioStream {
  return {
    index: stream.index,
    codec: stream.codec_name ?? "unknown",
    channels: stream.channels ?? 0,
    channel_layout: stream.channel_layout,
    sample_rate: stream.sample_rate ?? 0,
    bit_rate: stream.bit_rate,
    ...described(stream),
    default: stream.disposition.default === 1,
    start_s: stream.start_time ?? 0,
    duration_s: claimedDuration(stream, container_duration_s),
  };
}

function parseSubtitle(stream: ProbedStream): SubtitleStream {
  const codec = stream.codec_name ?? "unknown";
  return { index: stream.index, codec, text: TEXT_SUBTITLES.includes(codec), ...described(stream) };
}

function described(stream: ProbedStream): { language: string | null; title: string | null } {
  const { language, title } = stream.tags;
  return { language: language === undefined || language === "und" ? null : language, title: title ?? null };
}

function parseOther(stream: ProbedStream): MediaInfo["other"][number] {
  return {
    index: stream.index,
    kind: stream.codec_type ?? "unknown",
    codec: stream.codec_name ?? stream.codec_tag_string ?? "unknown",
    mimetype: stream.tags.mimetype ?? null,
  };
}
