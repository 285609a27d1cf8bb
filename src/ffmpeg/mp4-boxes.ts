import { boxType } from "./mp4-crop.ts";
import type { OpenSource } from "./source.ts";

/** A box of an mp4 or QuickTime file: its content lies from `from` up to `to`, where the next one begins; in bytes. */
export type Box = { type: string; from: number; to: number };

const HEAD_BYTES = 8;
const LONG_HEAD_BYTES = 16;

/**
 * The box that begins at `at`; null where none does. ISO 14496-12, 4.2: boxes follow each other, each with its length; 1 stands
 * for one of 64 bits behind the type, 0 for all the rest. A damaged length may lead to where no file can be.
 */
export async function boxAt(file: OpenSource, at: number): Promise<Box | null> {
  if (at >= file.size) return null;
  const head = await file.read({ at, length: LONG_HEAD_BYTES });
  if (head.length < HEAD_BYTES) return null;
  const said = head.readUInt32BE(0);
  const long = said === 1 && head.length === LONG_HEAD_BYTES;
  const size = long ? Number(head.readBigUInt64BE(HEAD_BYTES)) : said === 0 ? file.size - at : said;
  const from = at + (long ? LONG_HEAD_BYTES : HEAD_BYTES);
  return size < HEAD_BYTES ? null : { type: boxType(head, 0), from, to: at + size };
}
