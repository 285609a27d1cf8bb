import type { Container, Conversion } from "../shared/conversion.ts";
import type { MediaInfo, SubtitleStream } from "../shared/media.ts";
import { planLabels, type TrackLabels } from "./plan-labels.ts";

/**
 * `encoder` is ffmpeg's name, or "copy". `endless`: of pictures without an end of their own, which stay until the next ones
 * come, ffmpeg has written that they last 2^32 ms (the all ones of AVSubtitle.end_display_time).
 */
export type SubtitlePlan = { index: number; encoder: string; codec: string; endless?: true } & TrackLabels;

/** A track that is written, as it is, into a file of its own beside the film. */
export type BesidePlan = {
  index: number;
  codec: string;
  extension: "sup" | "mks";
  /** What stands between the film's name and the extension: language and purpose, by which players choose. */
  label: string;
} & TrackLabels;

const ENDLESS = ["dvd_subtitle", "dvb_subtitle"];

type Mode = NonNullable<Conversion["subtitles"]>;

/** The container that a film gets: picture subtitles may want another than is configured. */
export function filmContainer(
  { subtitles }: Pick<MediaInfo, "subtitles">,
  conversion: Conversion,
): { container: Container; notes: string[] } {
  const { container } = conversion;
  const pictures = subtitles.filter(({ codec }) => codec in PICTURES);
  if (conversion.subtitles !== "mkv" || container === "mkv" || pictures.length === 0) {
    return { container, notes: [] };
  }
  const which = pictures.map(({ index, codec }) => `${index}, ${codec}`).join("; ");
  return {
    container: "mkv",
    notes: [
      `The film becomes mkv, not ${container}, to keep its picture subtitles (${which}): conversion.subtitles is mkv.`,
    ],
  };
}

/** What becomes of every subtitle track; what is lost of any is named. */
export function planSubtitles(
  { subtitles, format }: Pick<MediaInfo, "subtitles" | "format">,
  container: Container,
  mode: Mode = "drop",
): { tracks: SubtitlePlan[]; beside: BesidePlan[]; notes: string[] } {
  const tracks: SubtitlePlan[] = [];
  const beside: BesidePlan[] = [];
  const notes: string[] = [];
  for (const track of subtitles) {
    const { index, codec, text, language } = track;
    const encoder = container === "mp4" ? (text ? "mov_text" : null) : matroskaEncoder(codec, text);
    const extension = PICTURES[codec];
    if (encoder !== null) {
      const { labels, notes: lost } = planLabels(track, container, "subtitle");
      const copied = encoder === "copy";
      const endless = copied && ENDLESS.includes(codec) && format.startsWith("matroska");
      const plan: SubtitlePlan = { index, encoder, codec: copied ? codec : written(encoder), ...labels };
      tracks.push(endless ? { ...plan, endless } : plan);
      notes.push(...lost, ...(container === "mp4" && STYLED.includes(codec) ? [unstyled(track)] : []));
    } else if (extension !== undefined && mode === "beside") {
      const { labels } = planLabels(track, "mkv", "subtitle");
      const label = labelOf(track, beside);
      beside.push({ index, codec, extension, label, ...labels });
      const what = [...(language === null ? [] : [language]), codec].join(", ");
      notes.push(
        `Subtitle track ${index} (${what}) is written beside the film, as NAME.${label}.${extension}.`,
      );
    } else {
      const name = `Subtitle track ${index}${language === null ? "" : ` (${language})`}`;
      const way = extension === undefined ? "" : " conversion.subtitles tells ways to keep it.";
      notes.push(`${name} could not be kept: ${container} cannot hold ${codec}.${way}`);
    }
  }
  return { tracks, beside, notes };
}

/** The files that players take the picture subtitles from; ffmpeg writes PGS as it is, the others inside a Matroska file. */
const PICTURES: Record<string, BesidePlan["extension"]> = {
  hdmv_pgs_subtitle: "sup",
  dvd_subtitle: "mks",
  dvb_subtitle: "mks",
};

const KEPT_IN_MATROSKA = ["subrip", "srt", "ass", "ssa", "webvtt", "hdmv_text_subtitle"];

function matroskaEncoder(codec: string, text: boolean): string | null {
  if (KEPT_IN_MATROSKA.includes(codec) || codec in PICTURES) return "copy";
  return text ? "srt" : null;
}

/** The encoder srt writes what ffprobe then calls subrip. */
function written(encoder: string): string {
  return encoder === "srt" ? "subrip" : encoder;
}

const STYLED = ["ass", "ssa"];

function unstyled({ index, codec }: SubtitleStream): string {
  return `Subtitle track ${index} (${codec}) becomes plain text: mp4 holds no fonts, colours and places of subtitles.`;
}

/** Such as `ger`, `ger.forced`, `und.2`: unlike those of the tracks before it, and never empty. */
function labelOf({ language, flags }: SubtitleStream, before: BesidePlan[]): string {
  const tongue = /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*$/i.test(language ?? "") ? String(language) : "und";
  const parts = [
    tongue.toLowerCase(),
    ...(flags.includes("forced") ? ["forced"] : []),
    ...(flags.includes("hearing_impaired") ? ["sdh"] : []),
    ...(flags.includes("comment") ? ["commentary"] : []),
  ];
  const label = parts.join(".");
  const same = before.filter((one) => one.label === label || one.label.startsWith(`${label}.track`)).length;
  return same === 0 ? label : `${label}.track${same + 1}`;
}
