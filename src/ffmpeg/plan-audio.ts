import type { Capabilities } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import type { AudioStream, MediaInfo } from "../shared/media.ts";
import { cannotHold, isObjects, losslessCodec, planCopy } from "./plan-audio-keep.ts";
import { type Fitted, fitChannels } from "./plan-channels.ts";
import { planLabels, type TrackLabels } from "./plan-labels.ts";
import { type Refusal, refusal } from "./refusal.ts";

export type AudioPlan = TrackLabels & { index: number; codec: string } & (AudioCopy | AudioEncoding);

/** `undecodable`: no ffmpeg at hand can tell by its sound whether it is whole. */
type AudioCopy = { action: "copy"; undecodable?: true };

type AudioEncoding = {
  action: "encode";
  encoder: string;
  /** Bits per second; null for what is lossless. */
  bit_rate: number | null;
  /** ffmpeg's name. */
  layout: string;
  channels: number;
  sample_rate: number;
  /** The samples' form, where it matters to the encoder. */
  sample_format: string | null;
  /** A filter that puts the channels where the layout has them; null where ffmpeg does it right by itself. */
  placing: string | null;
};

type Of = { media: MediaInfo; conversion: Conversion; capabilities: Capabilities };

/**
 * Every audio track, in the source's order. A track that cannot be decoded is copied, or else left out and named, as is an
 * empty one; refused where no sound would be left.
 */
export function planAudio(of: Of): { tracks: AudioPlan[]; notes: string[] } | { refusal: Refusal } {
  const planned = of.media.audio.map((track) => planTrack(track, of));
  const refused = planned.find((one) => "refusal" in one);
  if (refused !== undefined && "refusal" in refused) return refused;
  const kept = planned.flatMap((one) => ("refusal" in one ? [] : [one]));
  const tracks = kept.flatMap(({ track }) => (track === null ? [] : [track]));
  const lost = tracks.length === 0 ? of.media.audio.find(({ undecodable }) => undecodable) : undefined;
  return lost === undefined ? { tracks, notes: kept.flatMap(({ notes }) => notes) } : allLost(lost, of);
}

function allLost(track: AudioStream, { conversion }: Of): { refusal: Refusal } {
  const { container } = conversion;
  const mkv = container !== "mkv" && cannotHold(track, "mkv") === null;
  const way = mkv ? "With conversion.container: mkv it is kept; another" : "Another";
  const message = `The film would lose all of its sound: this worker's ffmpeg cannot decode audio track ${track.index} (${track.codec}), and ${container} cannot hold it as it is. ${way} ffmpeg may decode it.`;
  // Not for good: another worker may have such an ffmpeg.
  return refusal("retry", "unsupported", message);
}

type Planned = { track: AudioPlan | null; notes: string[] };

function planTrack(track: AudioStream, of: Of): Planned | { refusal: Refusal } {
  const name = `Audio track ${track.index}`;
  if (track.codec === "unknown") {
    return {
      track: null,
      notes: [`${name} could not be kept: ffmpeg does not know its codec (${track.codec}).`],
    };
  }
  if (track.empty || track.channels === 0 || track.sample_rate === 0) {
    return { track: null, notes: [`${name} could not be kept: it holds no sound that ffmpeg could find.`] };
  }
  const { conversion } = of;
  const labels = planLabels(track, conversion.container);
  const about = { index: track.index, ...labels.labels };
  if (track.undecodable) return planUndecodable(track, conversion, { about, notes: labels.notes });
  const copied = planCopy(track, conversion);
  if (copied === "kept") {
    return { track: { ...about, action: "copy", codec: track.codec }, notes: labels.notes };
  }
  const encoding = planEncoding(track, of);
  if ("refusal" in encoding) return encoding;
  const { codec } = encoding.track;
  const instead = copied === null ? [] : [`${name} became ${codec.toUpperCase()}: ${copied}.`];
  const objects = isObjects(track) ? [`${name} loses what moves freely in its room (${track.profile}).`] : [];
  return {
    track: { ...about, ...encoding.track },
    notes: [...instead, ...objects, ...encoding.notes, ...labels.notes],
  };
}

/** Whatever was asked for: the sound as it is, or none. */
function planUndecodable(
  track: AudioStream,
  { container }: Conversion,
  { about, notes }: { about: TrackLabels & { index: number }; notes: string[] },
): Planned {
  const name = `Audio track ${track.index}`;
  const shy = container === "mp4" && UNTOLD.includes(track.codec);
  const why = shy ? "mp4 needs to be told what only its sound tells" : cannotHold(track, container);
  const undecodable = `this worker's ffmpeg cannot decode it (${track.codec})`;
  if (why !== null) {
    return { track: null, notes: [`${name} could not be kept: ${undecodable}, and ${why}.`] };
  }
  const copy = { ...about, action: "copy", codec: track.codec, undecodable: true } as const;
  return { track: copy, notes: [`${name} is kept as it is: ${undecodable}.`, ...notes] };
}

/** ffmpeg's mp4 muxer reads the sound itself to describe them, and leaves a track out without a word where it cannot. */
const UNTOLD = ["ac3", "eac3"];

type Encoded = { track: { codec: string } & AudioEncoding; notes: string[] };

function planEncoding(track: AudioStream, of: Of): Encoded | { refusal: Refusal } {
  const stereo = of.conversion.audio_channels === "stereo";
  const lossless = losslessCodec(track, of);
  const { codec, encoder, notes } = lossless?.codec ? { ...lossless, notes: [] } : lossyCodec(track, of);
  if (!canEncode(of.capabilities, encoder)) {
    return refusal("retry", "worker_error", `This worker's ffmpeg cannot encode ${codec} (${encoder}).`);
  }
  const fitted = fitChannels({ track, codec, container: of.conversion.container, stereo });
  const exact = codec === "flac" || codec === "alac";
  return {
    track: {
      ...{ action: "encode", codec, encoder, layout: fitted.layout, channels: fitted.channels },
      bit_rate: exact ? null : shareOf(of.conversion.audio_bitrate, fitted),
      sample_rate: exact ? track.sample_rate : rateFor(codec, track.sample_rate),
      sample_format: exact ? `s${wideness(track)}${codec === "alac" ? "p" : ""}` : null,
      placing: fitted.placing,
    },
    notes: [...(lossless?.notes ?? []), ...notes, ...fitted.notes],
  };
}

function lossyCodec({ index }: AudioStream, { conversion, capabilities }: Of) {
  if (conversion.audio_codec !== "opus") return { codec: "aac", encoder: "aac", notes: [] };
  if (canEncode(capabilities, "libopus") || !canEncode(capabilities, "aac")) {
    return { codec: "opus", encoder: "libopus", notes: [] };
  }
  const note = `Audio track ${index} became AAC: this worker's ffmpeg cannot encode Opus (libopus).`;
  return { codec: "aac", encoder: "aac", notes: [note] };
}

function wideness({ sample_bits }: AudioStream): 16 | 32 {
  return sample_bits !== "float" && sample_bits !== null && sample_bits <= 16 ? 16 : 32;
}

/** What the encoder takes, and players do: the next rate above, up to that of DVDs, or of CDs and their multiples. */
function rateFor(codec: string, rate: number): number {
  if (codec === "opus") return 48_000;
  if (rate > 48_000) return rate % 44_100 === 0 ? 44_100 : 48_000;
  return AAC_RATES.find((one) => one >= rate) ?? 48_000;
}

const AAC_RATES = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/** Half of a stereo track's rate a channel that has sound; within what both encoders take (6 to 256 kbit/s each). */
function shareOf(stereo_bit_rate: number, { sounding }: Fitted): number {
  return Math.round(Math.min(256_000, Math.max(16_000, stereo_bit_rate / 2)) * sounding);
}

/** Those that every ffmpeg has are not tried. */
function canEncode(capabilities: Capabilities, encoder: string): boolean {
  return ["flac", "alac"].includes(encoder) || capabilities.encoders.some((one) => one.encoder === encoder);
}
