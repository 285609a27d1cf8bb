import type { Container, Conversion } from "../shared/conversion.ts";
import type { AudioStream } from "../shared/media.ts";
import { losslessFits } from "./plan-channels.ts";

/**
 * Whether a track is kept as it is: "kept", null where it is not asked for, or why it cannot be, in words that follow
 * a colon.
 */
export function planCopy(track: AudioStream, conversion: Conversion): "kept" | string | null {
  const { audio_codec, audio_channels, audio_lossless, container } = conversion;
  const asked = audio_codec === "copy" || (audio_lossless === "keep" && isLossless(track));
  if (!asked) return null;
  if (audio_channels === "stereo" && track.channels > 2) return null;
  if (container === "mp4" && track.codec === "flac") return flacInMp4(track, audio_codec);
  return cannotHold(track, container) ?? cannotHide(track, container) ?? "kept";
}

/** Whose beginning is hidden by an edit list: in a copy in Matroska all of it would be heard, and the picture come later. */
function cannotHide({ hidden_s = 0 }: AudioStream, container: Container): string | null {
  if (container === "mp4" || hidden_s <= PRIMING_S) return null;
  return `the file hides its first ${hidden_s.toFixed(1)} s, which mkv cannot`;
}

/** More than coders need to get going: AAC with SBR at 16 kHz 0.13 s. */
const PRIMING_S = 0.15;

/** Few players read it, so that it must be asked for by name; and mp4 says no layout of it. */
function flacInMp4({ channels, unsteady }: AudioStream, audio_codec: Conversion["audio_codec"]): string {
  if (channels > 2) return "FLAC in mp4 says no layout";
  return audio_codec === "copy" && !unsteady ? "kept" : "few players read FLAC in mp4";
}

/** What ffmpeg's muxers take without experimental flags and players commonly read. */
const COPYABLE: Record<Container, string[]> = {
  mp4: ["aac", "mp3", "ac3", "eac3", "alac", "opus", "dts"],
  mkv: [
    ...["aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac", "dts", "truehd", "mlp", "vorbis"],
    ...["wavpack", "tta", "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"],
    ...["pcm_s16be", "pcm_s24be", "pcm_s32be"],
  ],
};

/** Why a copy in this container would not be the same track; null if it would. */
export function cannotHold(track: AudioStream, container: Container): string | null {
  const { codec, profile, channels, channel_layout, sample_rate } = track;
  if (!COPYABLE[container].includes(codec)) return `${container} cannot hold it as it is (${codec})`;
  if (container === "mp4" && codec === "dts" && isBeyondDts(profile))
    return `mp4 cannot hold it as it is (${profile})`;
  if (track.unsteady) return "its form changes on the way, or is not told where the file begins";
  // MPEG 2.5, which mp4 has no number for.
  if (container === "mp4" && codec === "mp3" && sample_rate < 16_000)
    return "mp4 cannot hold MP3 below 16 kHz";
  const nameless = container === "mkv" && /^(?:pcm_|tta)/.test(codec) && channels > 2;
  if (nameless && channel_layout !== null && !GUESSED.includes(channel_layout)) {
    return `mkv would not say that its layout is ${channel_layout}`;
  }
  return null;
}

/** What is taken for the layout where none is told. */
const GUESSED = ["4.0", "5.0", "5.1", "6.1", "7.1"];

function isBeyondDts(profile: string | null): boolean {
  return /HD|Express|X/.test((profile ?? "").replace(/^DTS/, ""));
}

const LOSSLESS =
  /^(?:flac|alac|truehd|mlp|wavpack|tta|ape|tak|shorten|als|mp4als|ralf|wmalossless|s302m|pcm_(?!alaw|mulaw|vidc).*)$/;

/** Whether the codec keeps every bit. (WavPack has a lossy form, which nothing tells apart.) */
export function isLossless({ codec, profile }: AudioStream): boolean {
  return LOSSLESS.test(codec) || (codec === "dts" && /MA/.test(profile ?? ""));
}

/** Dolby Atmos and DTS:X: sounds that move freely in the room, which only the codec itself holds. */
export function isObjects({ profile }: AudioStream): boolean {
  return /atmos|dts:x/i.test(profile ?? "");
}

/**
 * With which codec a lossless track is encoded that shall stay lossless. Null where it need not; no codec, but notes,
 * where nothing can. FLAC in mp4 says no layout, so that there ALAC goes before it.
 */
export function losslessCodec(
  track: AudioStream,
  { conversion }: { conversion: Conversion },
): { codec: "flac" | "alac"; encoder: string; notes: string[] } | { codec: null; notes: string[] } | null {
  if (conversion.audio_lossless !== "keep" || !isLossless(track)) return null;
  const { container } = conversion;
  const stereo = conversion.audio_channels === "stereo";
  const codec = (container === "mkv" ? (["flac"] as const) : (["alac", "flac"] as const)).find((one) =>
    losslessFits({ track, codec: one, container, stereo }),
  );
  const name = `Audio track ${track.index}`;
  if (codec === undefined) {
    const layout = track.channel_layout ?? `${track.channels} channels`;
    return {
      codec: null,
      notes: [`${name} does not stay lossless: ${container} has no form of it for ${layout}.`],
    };
  }
  const wide = track.sample_bits === "float" || (track.sample_bits ?? 24) > 24;
  const rounded = `${name} is rounded to 24 bits a sample: ${codec.toUpperCase()} holds no more.`;
  return { codec, encoder: codec, notes: wide ? [rounded] : [] };
}
