import { type Conversion, isLossless } from "../shared/conversion.ts";
import type { BitDepth } from "../shared/gpu.ts";
import type { DolbyVision, Hdr, StaticHdr, VideoStream } from "../shared/media.ts";
import { asScaled, type Color, isHdr, tellable } from "./color.ts";
import type { EncoderChoice } from "./plan-encoder.ts";
import type { Size } from "./plan-size.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { isMappable, SDR, type ToneMap, toneMapOf } from "./tone-map.ts";

export type ColorPlan = {
  /** What the result says of its colours; null: it does not say, as the source did not. */
  color: Color;
  /** Where the samples of colour lie; null: as everywhere (left), or not said. */
  chroma_location: string | null;
  /** HDR's metadata of the result. */
  hdr: StaticHdr | null;
  tone_map: ToneMap | null;
  /** What the source's container says of HDR is not true of the result, and must not reach it. */
  sheds: boolean;
  /** What ffmpeg does not take over from a stream that it sheds. */
  language: string | null;
  title: string | null;
  /** The matrix by which RGB becomes YUV; null where the source is YUV. */
  from_rgb: "bt709" | "bt2020" | null;
  /** The source is grey and of limited range, which no scaler may touch: since 7.1 ffmpeg's take all that is grey for full. */
  gray_limited?: boolean;
  /** What tells the scaler of the pictures' matrix what it understands. */
  as_scaled: string[];
};

type Target = Pick<Conversion, "codec"> & { hdr?: Conversion["hdr"] };

/** What becomes of a film's colours, with this encoder and at this size. */
export function planColor(of: {
  film: VideoStream;
  conversion: Target;
  choice: EncoderChoice;
  size: Size;
}): ColorPlan & { notes: string[] } {
  const { film, conversion, choice } = of;
  const labels = labelsOf(film);
  const mapped = isToneMapped(film, conversion, choice.format.bit_depth);
  const tone_map = mapped ? toneMapOf(labels, film.hdr) : null;
  const hdr = mapped || !hasMetadata(film) || !isHdr(labels.transfer) ? null : staticOf(film.hdr);
  const writes = hdr === null || writesHdr(film, choice);
  const becomes_yuv = film.chroma === "rgb" && choice.format.chroma !== "rgb";
  const from_rgb = becomes_yuv ? (labels.primaries === "bt2020" ? "bt2020" : "bt709") : null;
  const color = mapped ? SDR : resultColor({ ...of, labels, from_rgb });
  const location = mapped ? null : locationOf(film, choice);
  return {
    ...{ color, chroma_location: location?.kept ?? null, hdr: writes ? hdr : null, tone_map, from_rgb },
    ...{ language: film.language, title: film.title },
    ...(isGrayLimited(film) ? { gray_limited: true } : {}),
    as_scaled: asScaled(film),
    sheds: film.hdr !== null && (hdr === null || film.hdr.dolby_vision !== null),
    notes: [
      ...hdrNotes(film, labels, { ...of, mapped }),
      ...(writes
        ? []
        : [
            `${choice.encoder.encoder} does not write the film's HDR metadata (mastering display, light levels): they are kept only where ffmpeg puts them into the container by itself.`,
          ]),
      ...(location?.lost
        ? [`Where the film's samples of colour lie (${location.lost}) cannot be said in ${conversion.codec}.`]
        : []),
    ],
  };
}

/** Without a word, ffmpeg's scalers take grey pictures for those of full range, as images are. */
export function isGrayLimited({ chroma, color }: Pick<VideoStream, "chroma" | "color">): boolean {
  return chroma === "gray" && color.range === "tv";
}

/** Why no encoder can make the film look right; null where one can. */
export function refuseColor(film: VideoStream, target: Target): { refusal: Refusal } | null {
  return refuseDolbyVision(film) ?? refuseUnmappable(film, target);
}

/** No worker's ffmpeg could do it, so that there is none to wait for. */
function refuseUnmappable(film: VideoStream, target: Target): { refusal: Refusal } | null {
  if (isMappable(film) || !isToneMapped(film, target, 10)) return null;
  const kind = UNMAPPABLE[film.color.matrix ?? ""] ?? film.color.matrix ?? film.color.primaries;
  const wish = target.codec === "h264" ? "h264 is always SDR" : "`hdr: tonemap` asks for SDR";
  const message = `The film's HDR is coded in a way (${kind}) that ffmpeg cannot map to SDR, and ${wish}. As hevc or av1 with \`hdr: keep\` it stays what it is.`;
  return refusal("permanent", "unsupported", message);
}

const UNMAPPABLE: Record<string, string> = { ictcp: "ICtCp", bt2020c: "BT.2020 with constant luminance" };

function refuseDolbyVision(film: VideoStream): { refusal: Refusal } | null {
  const dolby = film.hdr?.dolby_vision ?? null;
  if (dolby === null || !isProprietary(dolby)) return null;
  const name = `Dolby Vision profile ${profileName(dolby)}`;
  const message = `The film is ${name}: its colours are coded in Dolby's own way and would come out green and purple. Get it as HDR10, HLG or Dolby Vision profile 7 or 8.`;
  return refusal("permanent", "unsupported", message);
}

/**
 * Whether HDR must become SDR: for h264, which no player expects to be HDR, where it is asked for, and where the result
 * would have fewer bits than HDR needs (10, or the 8 of a film that never had more).
 */
export function isToneMapped(film: VideoStream, { codec, hdr }: Target, bit_depth: BitDepth): boolean {
  if (!isHdr(labelsOf(film).transfer)) return false;
  return codec === "h264" || hdr === "tonemap" || bit_depth < Math.min(10, film.bit_depth);
}

/** Whether the film has metadata of HDR that its encoder would have to write. */
export function hasMetadata({ hdr }: VideoStream): boolean {
  return hdr !== null && (hdr.mastering !== null || hdr.light !== null);
}

/**
 * Whether the encoder is known, or was seen, to write them. Those on the CPU that must find them with the pictures would
 * write Dolby Vision, too, and are shown nothing of it.
 */
export function writesHdr({ hdr }: VideoStream, { encoder, family, proven }: EncoderChoice): boolean {
  if (encoder.hdr === "options") return true;
  return proven.hdr === true && (family.family !== "software" || (hdr?.dolby_vision ?? null) === null);
}

/** The film's tags; where it has none for its curve, those that its kind of Dolby Vision prescribes. */
function labelsOf(film: VideoStream): Color {
  const dolby = film.hdr?.dolby_vision ?? null;
  const base = film.color.transfer === null && dolby !== null ? BASES[baseOf(dolby) ?? ""] : undefined;
  const yuv =
    film.color.matrix === "gbr" && film.chroma !== "rgb" ? { ...film.color, matrix: null } : film.color;
  if (base === undefined) return yuv;
  const { primaries, matrix, range } = yuv;
  return {
    primaries: primaries ?? base.primaries,
    transfer: base.transfer,
    matrix: matrix ?? base.matrix,
    range,
  };
}

type Base = "HDR10" | "HLG" | "SDR";

const BASES: Record<string, Pick<Color, "primaries" | "transfer" | "matrix">> = {
  HDR10: { primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc" },
  HLG: { primaries: "bt2020", transfer: "arib-std-b67", matrix: "bt2020nc" },
  SDR: { primaries: "bt709", transfer: "bt709", matrix: "bt709" },
};

/** Dolby Vision Streams Within the ISO Base Media File Format, 2.0: profile 7 is always HDR10; ids 1, 2, 4 and 6. */
function baseOf({ profile, compatibility }: DolbyVision): Base | null {
  if (profile === 7 || compatibility === 1 || compatibility === 6) return "HDR10";
  if (compatibility === 4) return "HLG";
  return compatibility === 2 || profile === 4 || profile === 9 ? "SDR" : null;
}

/** Profile 8 and those of two layers have a base that all can show; the others only where an id says so. */
function isProprietary(dolby: DolbyVision): boolean {
  if (dolby.profile === 5) return true;
  return dolby.profile !== 8 && dolby.compatibility === 0 && baseOf(dolby) === null;
}

function profileName({ profile, compatibility }: DolbyVision): string {
  return [8, 10].includes(profile) && compatibility !== null
    ? `${profile}.${compatibility}`
    : String(profile);
}

function staticOf(hdr: Hdr | null): StaticHdr | null {
  return hdr === null ? null : { mastering: hdr.mastering, light: hdr.light };
}

/**
 * Players expect the limited range; a lossless film keeps its own. A film without tags is shown by its size: one that
 * falls below high definition is told what it was taken for until then.
 */
function resultColor(of: {
  film: VideoStream;
  conversion: Target;
  size: Size;
  labels: Color;
  from_rgb: ColorPlan["from_rgb"];
}): Color {
  const { film, labels, from_rgb } = of;
  const said = labels.range ?? (film.chroma === "gray" ? "pc" : null);
  const full = isLossless(of.conversion.codec) && said === "pc" && from_rgb === null;
  const range = full ? "pc" : "tv";
  const told = tellable(labels);
  if (film.chroma === "rgb" && from_rgb === null) return { ...told, matrix: null, range: "pc" };
  if (from_rgb !== null) return { ...told, matrix: from_rgb === "bt2020" ? "bt2020nc" : "bt709", range };
  if (!isHighDefinition(film) || isHighDefinition(of.size)) return { ...told, range };
  const { primaries, transfer, matrix } = told;
  return { primaries: primaries ?? "bt709", transfer: transfer ?? "bt709", matrix: matrix ?? "bt709", range };
}

/** Where players draw the line (mpv: mp_csp_guess_colorspace, mp_get_csp_prim). */
function isHighDefinition({ width, height }: Size): boolean {
  return width >= 1280 || height > 576;
}

/** Left is what players take for granted. AV1 can say left and top left only. */
function locationOf(
  { chroma, chroma_location }: VideoStream,
  { encoder, format }: EncoderChoice,
): { kept: string | null; lost: string | null } {
  const name = chroma === "420" && format.chroma === "420" ? chroma_location : null;
  if (name === null || name === "left" || !["h264", "hevc", "av1"].includes(encoder.codec))
    return { kept: null, lost: null };
  return encoder.codec === "av1" && name !== "topleft"
    ? { kept: null, lost: name }
    : { kept: name, lost: null };
}

function hdrNotes(
  film: VideoStream,
  labels: Color,
  of: { conversion: Target; choice: EncoderChoice; mapped: boolean },
): string[] {
  const kind = labels.transfer === "arib-std-b67" ? "HLG" : isHdr(labels.transfer) ? "HDR10" : "SDR";
  const dolby = film.hdr?.dolby_vision ?? null;
  return [
    ...(dolby === null
      ? []
      : [
          `The film's Dolby Vision (profile ${profileName(dolby)}) was left out; ${of.mapped ? "it was converted from" : "it became"} the ${kind} that it is made on.`,
        ]),
    ...(of.mapped
      ? [`The film is HDR (${kind}); ${whyMapped(of)}, so its colours were mapped to SDR (BT.709).`]
      : []),
    ...(film.hdr?.hdr10_plus === true && !of.mapped
      ? [
          `The film's HDR10+ metadata are kept only where ffmpeg hands them to ${of.choice.encoder.encoder}; its HDR10 stays.`,
        ]
      : []),
  ];
}

function whyMapped({ conversion, choice }: { conversion: Target; choice: EncoderChoice }): string {
  if (conversion.hdr === "tonemap") return "`hdr: tonemap` asks for SDR";
  if (conversion.codec === "h264") return "players show h264 as SDR";
  return `HDR needs more than ${choice.format.bit_depth} bits a sample`;
}
