import type { HeldCrop } from "./matroska-crop.ts";

/**
 * What a sample description of mp4 or QuickTime (the content of the box stsd) says is not to be shown: its clean
 * aperture (ISO 14496-12, 12.1.4.1), centred but for its offsets. Null for nothing, or for one that is not inside the picture.
 */
export function parseCleanAperture(stsd: Uint8Array): HeldCrop | null {
  const view = new DataView(stsd.buffer, stsd.byteOffset, stsd.byteLength);
  const clap = findInEntry(stsd, "clap");
  if (clap === null || clap + 32 > stsd.length) return null;
  const width = view.getUint16(ENTRIES + BOX_HEAD + WIDTH_AT);
  const height = view.getUint16(ENTRIES + BOX_HEAD + WIDTH_AT + 2);
  const [shown_width, shown_height, x, y] = [0, 8, 16, 24].map(
    (at) => view.getInt32(clap + at) / view.getInt32(clap + at + 4),
  ) as [number, number, number, number];
  const left = Math.round((width - shown_width) / 2 + x);
  const top = Math.round((height - shown_height) / 2 + y);
  const right = width - left - Math.round(shown_width);
  const bottom = height - top - Math.round(shown_height);
  const sides = [left, top, right, bottom];
  const inside = sides.every((side) => side >= 0) && left + right < width && top + bottom < height;
  return inside && sides.some((side) => side > 0) ? { left, top, right, bottom, display: null } : null;
}

/** Version, flags and the number of entries come before the first. */
const ENTRIES = 8;
const BOX_HEAD = 8;
/** A VisualSampleEntry's own fields, before the boxes in it. */
const VISUAL_ENTRY = 78;
const WIDTH_AT = 24;

/** Where the content of a box of a sample description's first entry begins; null where it has none. */
export function findInEntry(stsd: Uint8Array, type: string): number | null {
  return findBox(stsd, ENTRIES + BOX_HEAD + VISUAL_ENTRY, type);
}

/** Where the content of a box begins, among those that follow each other from `from` on. */
function findBox(bytes: Uint8Array, from: number, type: string): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + BOX_HEAD <= bytes.length; ) {
    const size = view.getUint32(at);
    if (boxType(bytes, at) === type) return at + BOX_HEAD;
    if (size < BOX_HEAD) return null;
    at += size;
  }
  return null;
}

/** The four letters of the box that begins at `at`. */
export function boxType(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at + 4, at + 8));
}
