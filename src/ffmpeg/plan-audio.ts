import type { Capabilities } from "../shared/capabilities.ts";
import type { Container, Conversion } from "../shared/conversion.ts";
import type { AudioStream, MediaInfo } from "../shared/media.ts";
import { type Refusal, refusal } from "./refusal.ts";

export type AudioPlan = {
  index: number;
  language: string | null;
} & (
  | { action: "copy"; codec: string }
  | { action: "encode"; codec: "aac" | "opus"; encoder: string; bit_rate: number; layout: string }
);

/** Every audio track, in the source's order; a track that cannot be decoded is left out and named. */
export function planAudio(of: {
  media: MediaInfo;
  conversion: Conversion;
  capabilities: Capabilities;
}): { tracks: AudioPlan[]; notes: string[] } | { refusal: Refusal } {
  const { audio } = of.media;
  const usable = audio.filter((track) => track.codec !== "unknown" && track.channels > 0);
  const notes = audio
    .filter((track) => !usable.includes(track))
    .map(
      (track) =>
        `Audio track ${track.index} could not be kept: ffmpeg does not know its codec (${track.codec}).`,
    );
  const tracks = usable.map((track) => planTrack(track, of.conversion));
  const missing = tracks.find(
    (track) => track.action === "encode" && !canEncode(of.capabilities, track.encoder),
  );
  if (missing?.action === "encode") {
    return refusal(
      "retry",
      "worker_error",
      `This worker's ffmpeg cannot encode ${missing.codec} (${missing.encoder}).`,
    );
  }
  const converted =
    of.conversion.audio_codec === "copy" ? tracks.filter(({ action }) => action === "encode") : [];
  return {
    tracks,
    notes: [
      ...notes,
      ...converted.map(
        ({ index }) => `Audio track ${index} became AAC: ${of.conversion.container} cannot hold it as it is.`,
      ),
    ],
  };
}

/** What ffmpeg's muxers take without experimental flags and players commonly read. */
const COPYABLE: Record<Container, string[]> = {
  mp4: ["aac", "mp3", "ac3", "eac3", "alac", "opus", "dts"],
  mkv: [
    "aac",
    "mp3",
    "mp2",
    "ac3",
    "eac3",
    "alac",
    "opus",
    "flac",
    "dts",
    "truehd",
    "vorbis",
    "pcm_s16le",
    "pcm_s24le",
  ],
};

/** Layouts that both AAC and Opus take, by number of channels; others are mapped onto them. */
const LAYOUTS = ["", "mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"];

function planTrack(track: AudioStream, conversion: Conversion): AudioPlan {
  const of = { index: track.index, language: track.language };
  const wanted = conversion.audio_codec;
  if (wanted === "copy" && COPYABLE[conversion.container].includes(track.codec)) {
    return { ...of, action: "copy", codec: track.codec };
  }
  const codec = wanted === "opus" ? "opus" : "aac";
  const channels = Math.min(track.channels, 8);
  return {
    ...of,
    action: "encode",
    codec,
    encoder: codec === "opus" ? "libopus" : "aac",
    bit_rate: shareOf(conversion.audio_bitrate, channels),
    layout: LAYOUTS[channels] ?? "stereo",
  };
}

/** Half of a stereo track's rate a channel; within what both encoders take (6 to 256 kbit/s a channel). */
function shareOf(stereo_bit_rate: number, channels: number): number {
  return Math.round(Math.min(256_000, Math.max(16_000, stereo_bit_rate / 2)) * channels);
}

function canEncode(capabilities: Capabilities, encoder: string): boolean {
  return capabilities.encoders.some((one) => one.encoder === encoder);
}
