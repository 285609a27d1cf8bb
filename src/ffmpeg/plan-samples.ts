import { type Codec, isLossless } from "../shared/conversion.ts";
import type { VideoStream } from "../shared/media.ts";
import type { PictureFormat } from "./encoders/family.ts";

/** What pictures lose of their samples in the format that the encoder takes, one sentence each. */
export function sampleNotes(film: VideoStream, codec: Codec, format: PictureFormat): string[] {
  return [...bitNotes(film, codec, format), ...colorNotes(film, codec, format), ...alphaNotes(film, format)];
}

/** Whether ffmpeg's pictures of the film are transparent, by the names of its pixel formats. */
export function hasAlpha({ pixel_format }: VideoStream): boolean {
  return /^(?:yuva|gbrap|ya\d|rgba|bgra|argb|abgr|ayuv|vuya)/.test(pixel_format);
}

/** Whether pictures keep every sample in that format. */
export function keepsSamples(film: VideoStream, { chroma, bit_depth, alpha }: PictureFormat): boolean {
  return film.chroma === chroma && film.bit_depth === bit_depth && hasAlpha(film) === (alpha === true);
}

function bitNotes({ bit_depth }: VideoStream, codec: Codec, format: PictureFormat): string[] {
  if (bit_depth <= format.bit_depth) return [];
  const from_there = isLossless(codec) ? `: ${codec} is lossless from there on` : "";
  return [`The film's ${bit_depth} bits a sample became ${format.bit_depth}${from_there}.`];
}

function colorNotes({ chroma }: VideoStream, codec: Codec, format: PictureFormat): string[] {
  const names: Record<string, string> = { "420": "4:2:0", "422": "4:2:2", "444": "4:4:4" };
  const into = names[format.chroma];
  if (chroma === "rgb" && isLossless(codec) && into !== undefined) {
    return [`The film's RGB became YUV ${into}: ${codec} is lossless from there on.`];
  }
  const full = ["444", "rgb"].includes(chroma) && ["420", "422"].includes(format.chroma);
  if (full) return [`The film's full resolution of colour became ${into}.`];
  return chroma === "422" && format.chroma === "420"
    ? ["The film's resolution of colour, 4:2:2, became 4:2:0."]
    : [];
}

function alphaNotes(film: VideoStream, { alpha }: PictureFormat): string[] {
  return (film.hidden_alpha || hasAlpha(film)) && alpha !== true
    ? ["The film's transparency was left out."]
    : [];
}
