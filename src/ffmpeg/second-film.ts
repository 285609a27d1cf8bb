import { boxType } from "./mp4-crop.ts";
import type { OpenSource } from "./source.ts";

/**
 * Where another film begins in an mp4 or QuickTime file (`cat a.mp4 b.mp4`), in bytes: everybody shows the first one alone.
 * Null where there is none, and in files of fragments, in which headers may come again. ISO 14496-12, 4.2: boxes follow each
 * other, each with its length.
 */
export async function findSecondFilm(file: OpenSource): Promise<number | null> {
  let begins: number | null = null;
  let indices = 0;
  // A damaged length may lead to where no file can be.
  for (let at = 0, boxes = 0; at < file.size && boxes < MOST_BOXES; boxes += 1) {
    const head = await file.read({ at, length: HEAD_BYTES });
    if (head.length < HEAD_BYTES) return null;
    const type = boxType(head, 0);
    if (type === "moof") return null;
    if (type === "ftyp" && at > 0) begins ??= at;
    if (type === "moov") indices += 1;
    if (begins !== null && indices > 1) return begins;
    const size = sizeOf(head);
    if (size < SHORTEST) return null;
    at += size;
  }
  return null;
}

/** Films have a handful. */
const MOST_BOXES = 64;
const HEAD_BYTES = 16;
const SHORTEST = 8;

/** 1 stands for a length of 64 bits behind the type, 0 for all the rest. */
function sizeOf(head: Buffer): number {
  const size = head.readUInt32BE(0);
  return size === 1 ? Number(head.readBigUInt64BE(8)) : size;
}
