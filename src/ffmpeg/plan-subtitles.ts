import type { Container } from "../shared/conversion.ts";
import type { SubtitleStream } from "../shared/media.ts";

/** `encoder` is ffmpeg's name, or "copy". */
export type SubtitlePlan = { index: number; encoder: string; codec: string; language: string | null };

/** Every subtitle track that the container can hold; the others are named. */
export function planSubtitles(
  subtitles: SubtitleStream[],
  container: Container,
): { tracks: SubtitlePlan[]; notes: string[] } {
  const tracks: SubtitlePlan[] = [];
  const notes: string[] = [];
  for (const { index, codec, text, language } of subtitles) {
    const encoder = container === "mp4" ? (text ? "mov_text" : null) : matroskaEncoder(codec, text);
    if (encoder === null) {
      notes.push(
        `Subtitle track ${index}${language === null ? "" : ` (${language})`} could not be kept: ${container} cannot hold ${codec}.`,
      );
    } else {
      tracks.push({ index, encoder, codec: encoder === "copy" ? codec : written(encoder), language });
    }
  }
  return { tracks, notes };
}

const KEPT_IN_MATROSKA = [
  "subrip",
  "srt",
  "ass",
  "ssa",
  "webvtt",
  "dvd_subtitle",
  "hdmv_pgs_subtitle",
  "dvb_subtitle",
];

function matroskaEncoder(codec: string, text: boolean): string | null {
  if (KEPT_IN_MATROSKA.includes(codec)) return "copy";
  return text ? "srt" : null;
}

/** The encoder srt writes what ffprobe then calls subrip. */
function written(encoder: string): string {
  return encoder === "srt" ? "subrip" : encoder;
}
