import { boxAt } from "./mp4-boxes.ts";
import type { OpenSource } from "./source.ts";

/**
 * Where another film begins in an mp4 or QuickTime file (`cat a.mp4 b.mp4`), in bytes: everybody shows the first one alone.
 * Null where there is none, and in files of fragments, in which headers may come again.
 */
export async function findSecondFilm(file: OpenSource): Promise<number | null> {
  let begins: number | null = null;
  let indices = 0;
  for (let at = 0, boxes = 0; boxes < MOST_BOXES; boxes += 1) {
    const box = await boxAt(file, at);
    if (box === null || box.type === "moof") return null;
    if (box.type === "ftyp" && at > 0) begins ??= at;
    if (box.type === "moov") indices += 1;
    if (begins !== null && indices > 1) return begins;
    at = box.to;
  }
  return null;
}

/** Films have a handful. */
const MOST_BOXES = 64;
