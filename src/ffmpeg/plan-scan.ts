import type { Conversion } from "../shared/conversion.ts";
import type { Scan, VideoStream } from "../shared/media.ts";

/**
 * What becomes of a film's fields. `deinterlace`: every picture of two fields becomes one whole picture (`frame`) or two
 * (`field`); `match`: each field is paired anew with the one it was taken with; `keep`: they stay, `coded` as such
 * where the encoder can; `deny`: the pictures are whole, only the header says otherwise. Null where there is nothing to do.
 */
export type FieldPlan =
  | { how: "deinterlace"; per: "frame" | "field"; first: Scan["first"] }
  | { how: "match"; first: Scan["first"] }
  | { how: "keep"; first: Scan["first"]; coded: boolean }
  | { how: "deny" }
  | null;

/** `encoder` is ffmpeg's name. */
export function planFields(
  film: VideoStream,
  conversion: Pick<Conversion, "deinterlace">,
  encoder: string,
): FieldPlan {
  const { kind, first } = film.scan;
  if (kind === "progressive") return null;
  if (kind === "told_interlaced") return { how: "deny" };
  if (conversion.deinterlace === "off") {
    return { how: "keep", first, coded: WRITE_FIELDS.includes(encoder) };
  }
  if (kind === "telecined" && isMatchable(film)) return { how: "match", first };
  return { how: "deinterlace", per: conversion.deinterlace === "full" ? "field" : "frame", first };
}

/** Whether the film's own pictures are not what the encoder gets. */
export function changesFields(fields: FieldPlan): boolean {
  return fields !== null && fields.how !== "deny" && fields.how !== "keep";
}

/** How many pictures come out of one. */
export function picturesPer(fields: FieldPlan): number {
  return fields?.how === "deinterlace" && fields.per === "field" ? 2 : 1;
}

/** One sentence for people on what becomes of the fields, and why. */
export function fieldNotes(film: VideoStream, fields: FieldPlan, codec: Conversion["codec"]): string[] {
  switch (fields?.how) {
    case "deinterlace": {
      const found = film.interlaced ? "The film was interlaced" : UNTOLD;
      const rate = fields.per === "field" ? "; each of its fields is a picture now, at twice the rate" : "";
      return [`${found} and has been deinterlaced${rate}.`];
    }
    case "match":
      return [
        "The film's fields were paired with wrong ones, as telecine does; they were paired anew, and no picture was left out.",
      ];
    case "keep":
      return fields.coded
        ? ["The film is interlaced and stays so (deinterlace: off)."]
        : [
            `The film is interlaced and stays so (deinterlace: off), but ${codec} knows no fields: few players will see them.`,
          ];
    case "deny":
      return [
        "The file says that the film is interlaced, but its pictures are whole; they were left as they are.",
      ];
    default:
      return film.scan.partly ? [PARTLY] : [];
  }
}

const PARTLY =
  "Parts of the film look interlaced, but the file does not say so and other parts are whole: it was left as it is.";

const UNTOLD = "The film was interlaced, although the file does not say so,";

const WRITE_FIELDS = ["libx264", "prores_ks", "ffv1"];

/** The filter fieldmatch takes 8 bits a sample only. */
function isMatchable({ bit_depth, chroma }: VideoStream): boolean {
  return bit_depth === 8 && ["420", "422", "444"].includes(chroma);
}
