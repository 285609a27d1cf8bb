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
  const claimed_s = trustedDuration(claimedLength(parsed.output), streams);
  const length = lengthFrom(parsed.output);
  // Of whose sound both readings are weighed once the result is there (source-sound.ts).
  const matroska = format.format_name?.startsWith("matroska") === true;
  const media: MediaInfo = {
    format: format.format_name ?? "unknown",
    duration_s: length(claimed_s),
    start_s: format.start_time ?? 0,
    size_bytes,
    bit_rate: format.bit_rate,
    video: ofKind(streams, "video")
      .map((stream) => parseVideoStream(stream, claimed_s))
      .map((one) => ({ ...one, duration_s: length(one.duration_s) })),
    audio: ofKind(streams, "audio")
      .map((stream) => parseAudio(stream, claimed_s))
      .map((one) => (matroska ? one : { ...one, duration_s: length(one.duration_s) })),
    subtitles: ofKind(streams, "subtitle").map(parseSubtitle),
    other: streams.filter((stream) => !KINDS.includes(stream.codec_type ?? "")).map(parseOther),
    chapters: chapters.length,
    chapter_titles: chapters
      .filter(({ end_time }) => (end_time ?? Infinity) >= (format.start_time ?? 0))
      .map(({ tags }) => tags.title || null),
    tags: format.tags,
  };
  return { media };
}

const KINDS = ["video", "audio", "subtitle"];
const TEXT_SUBTITLES = ["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"];

/** What no film has, in one sentence; null if there is nothing of the kind. */
function absurdity(probed: Probed): string | null {
  const streams = probed.streams.filter((one) => one?.codec_type !== "subtitle");
  if (probed.streams.length > MAX_STREAMS) {
    return `The file has ${probed.streams.length} tracks, more than the ${MAX_STREAMS} that are taken; it is damaged or hostile.`;
  }
  const hours = Math.round(
    Math.max(claimedLength(probed) ?? 0, ...streams.map((one) => one?.duration ?? 0)) / 3600,
  );
  if (hours <= MAX_DURATION_S / 3600) return null;
  return `The file claims to last ${hours} hours, more than the ${MAX_DURATION_S / 3600} that are taken; it is damaged or hostile.`;
}

/** A subtitle without an end (all bits of its 32 are ones) makes a container claim weeks: then the other tracks count. */
function claimedLength({ streams, format }: Probed): number | null {
  const { duration } = format;
  const bare = !streams.some((one) => one?.codec_type === "subtitle");
  if (duration === null || duration <= MAX_DURATION_S || bare) return duration;
  const others = streams.filter((one) => one !== null && one.codec_type !== "subtitle");
  const claims = others.flatMap((one) => (one === null ? [] : (claimedDuration(one, duration) ?? [])));
  if (claims.length > 0) return Math.max(...claims);
  return duration - ENDLESS_S >= 0 && duration - ENDLESS_S < DAY_S ? null : duration;
}

/** 2^32 milliseconds. */
const ENDLESS_S = Math.floor(2 ** 32 / 1000);
const DAY_S = 24 * 3600;

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

/**
 * How long something lasts of which the header says so. In Matroska's files ffmpeg and others write where it ends (ffmpeg's
 * matroskaenc.c), mkvmerge how long it lasts: the same only where the clock begins with the film. Of an mp4 of fragments whose
 * clock begins late, ffmpeg says where it ends (recordings of streams, whose first ones may be those of an hour ago), or
 * how long it lasts (with an edit list): nothing can be believed.
 */
function lengthFrom({ format, streams }: Probed): (said_s: number | null) => number | null {
  const { format_name, start_time, tags } = format;
  const start_s = start_time ?? 0;
  const matroska = format_name?.startsWith("matroska") === true;
  const ends = matroska && !/libmatroska/i.test(tags.ENCODER ?? tags.encoder ?? "");
  const fragments =
    format_name?.startsWith("mov") === true && streams.every((one) => (one?.nb_frames ?? null) === null);
  if (fragments && start_s > BEGINS_S) return () => null;
  return (said_s) => (said_s === null || !ends || said_s <= start_s ? said_s : said_s - Math.max(0, start_s));
}

/** Later than this, a clock does not begin with the film: the first picture of a film may be shown some frames late. */
const BEGINS_S = 0.5;

function ofKind(streams: ProbedStream[], kind: string): ProbedStream[] {
  return streams.filter((stream) => stream.codec_type === kind);
}

function parseAudio(stream: ProbedStream, container_duration_s: number | null): AudioStream {
  return {
    index: stream.index,
    codec: stream.codec_name ?? "unknown",
    profile: stream.profile,
    channels: stream.channels ?? 0,
    channel_layout: stream.channel_layout === "unknown" ? null : stream.channel_layout,
    sample_rate: stream.sample_rate ?? 0,
    sample_bits: sampleBits(stream),
    bit_rate: stream.bit_rate,
    language: described(stream).language,
    title: trackTitle(stream),
    flags: flagsOf(stream),
    handler: stream.tags.handler_name ?? null,
    start_s: stream.start_time ?? 0,
    duration_s: claimedDuration(stream, container_duration_s),
    empty: false,
    undecodable: false,
    unsteady: false,
  };
}

/** Of lossy codecs it is the form in which they are decoded. */
function sampleBits({
  bits_per_raw_sample,
  bits_per_sample,
  sample_fmt,
}: ProbedStream): AudioStream["sample_bits"] {
  if (/^(?:flt|dbl)/.test(sample_fmt ?? "")) return "float";
  const told = bits_per_raw_sample || bits_per_sample;
  return told || Number(/^[su](\d+)/.exec(sample_fmt ?? "")?.[1] ?? 0) || null;
}

/** What a track is marked as; of sound, descriptions and captions are for those who see or hear less (as mp4 says it). */
function flagsOf({ disposition }: ProbedStream): string[] {
  const flags = Object.keys(disposition).filter((name) => disposition[name] === 1);
  const meant: Record<string, string> = { descriptions: "visual_impaired", captions: "hearing_impaired" };
  return [...new Set(flags.map((name) => meant[name] ?? name))].sort();
}

/** mp4 keeps it as the track's name, which older ffmpegs do not read, and often as its handler's name, too. */
function trackTitle({ tags }: ProbedStream): string | null {
  const handler = tags.handler_name ?? "";
  return tags.title ?? tags.name ?? (NO_TITLE.test(handler) ? null : handler.trim());
}

/** What programs and cameras call their handlers. */
const NO_TITLE =
  /^\W*$|handle|media|core|iso|gpac|l-smash|bento|lavf|google|youtube|twitter|gopro|apple|mainconcept|^(?:audio|sound|soun|alis|url|track|stream)\W*\d*$/i;

function parseSubtitle(stream: ProbedStream): SubtitleStream {
  const codec = stream.codec_name ?? "unknown";
  return {
    ...{ index: stream.index, codec, text: TEXT_SUBTITLES.includes(codec) },
    ...{ language: described(stream).language, title: trackTitle(stream) },
    ...{ flags: flagsOf(stream), handler: stream.tags.handler_name ?? null },
    ...(typeof stream.start_time === "number" ? { start_s: stream.start_time } : {}),
  };
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
    filename: stream.tags.filename ?? null,
    tag: stream.codec_tag_string,
  };
}
