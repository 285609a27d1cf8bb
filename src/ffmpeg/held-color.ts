import type { Color } from "./color.ts";
import { type Element, elements, numberOf, videoSettings } from "./matroska-crop.ts";
import { findInEntry } from "./mp4-crop.ts";

/**
 * The film's labels; where its pictures have none, its container's, as players show it. ffmpeg says those only since
 * 7.0: before, what a decoder does not know hides what the container does.
 */
export function withHeldColor(color: Color, held: Color | null): Color {
  if (held === null) return color;
  return {
    primaries: color.primaries ?? held.primaries,
    transfer: color.transfer ?? held.transfer,
    matrix: color.matrix ?? held.matrix,
    range: color.range ?? held.range,
  };
}

/**
 * The colours in a sample description of mp4 or QuickTime (the content of the box stsd): its box colr, of the kinds nclx
 * (ISO 14496-12, 12.1.5) and nclc (QuickTime, which knows no range). Null where there is none.
 */
export function parseMp4Color(stsd: Uint8Array): Color | null {
  const at = findInEntry(stsd, "colr");
  if (at === null || at + 10 > stsd.length) return null;
  const kind = String.fromCharCode(...stsd.subarray(at, at + 4));
  if (kind !== "nclx" && kind !== "nclc") return null;
  const view = new DataView(stsd.buffer, stsd.byteOffset, stsd.byteLength);
  const full = kind === "nclx" && at + 10 < stsd.length ? view.getUint8(at + 10) >= 128 : null;
  return {
    primaries: PRIMARIES[view.getUint16(at + 4)] ?? null,
    transfer: TRANSFERS[view.getUint16(at + 6)] ?? null,
    matrix: MATRICES[view.getUint16(at + 8)] ?? null,
    range: full === null ? null : full ? "pc" : "tv",
  };
}

/** The colours of a Matroska file's video tracks (RFC 9559, 5.1.4.1.28.16), in their order; `tracks` is the content of Tracks. */
export function parseMatroskaColors(tracks: Uint8Array): (Color | null)[] {
  return videoSettings(tracks).map(colorOf);
}

function colorOf(video: Element[]): Color | null {
  const content = video.find(({ id }) => id === COLOUR)?.content;
  if (content === undefined) return null;
  const colour = elements(content);
  return {
    primaries: PRIMARIES[numberOf(colour, 0x55bb) ?? UNSAID] ?? null,
    transfer: TRANSFERS[numberOf(colour, 0x55ba) ?? UNSAID] ?? null,
    matrix: MATRICES[numberOf(colour, 0x55b1) ?? UNSAID] ?? null,
    range: RANGES[numberOf(colour, 0x55b9) ?? 0] ?? null,
  };
}

const COLOUR = 0x55b0;
const RANGES: Record<number, string> = { 1: "tv", 2: "pc" };

/** ITU-T H.273, tables 2 to 4: 2 stands for what is not said. Both kinds of container have its numbers. */
const UNSAID = 2;
const PRIMARIES: Record<number, string> = {
  ...{ 1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020" },
  ...{ 10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213" },
};
const TRANSFERS: Record<number, string> = {
  ...{ 1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100" },
  ...{ 10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10" },
  ...{ 15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67" },
};
const MATRICES: Record<number, string> = {
  ...{ 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc" },
  ...{ 10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp" },
};
