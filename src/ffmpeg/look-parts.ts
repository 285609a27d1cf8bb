import type { MediaInfo } from "../shared/media.ts";
import { elements, numberOf, readHead } from "./matroska-crop.ts";
import { CHAPTERS, INFORMATION, parseParts } from "./matroska-parts.ts";
import { type OpenSource, openSource } from "./source.ts";

/**
 * The file with what its chapters do besides naming places, which ffmpeg does not tell. Reads some hundred bytes here and
 * there, of Matroska files with chapters alone; what cannot be understood is nothing.
 */
export async function withParts(path: string, media: MediaInfo): Promise<MediaInfo> {
  if (!media.format.includes("matroska") || media.chapters === 0) return media;
  const file = await openSource(path);
  if (file === null) return media;
  try {
    const found = await readTop(file);
    const parts = parseParts(found.chapters, found.information);
    return parts === null ? media : { ...media, parts };
  } finally {
    await file.close();
  }
}

const NOTHING = Buffer.alloc(0);
type Found = { chapters: Buffer; information: Buffer };

/** Both stand before the film, or the chapters where the list at the file's beginning says (RFC 9559, 5.1.1). */
async function readTop(file: OpenSource): Promise<Found> {
  const found: Found = { chapters: NOTHING, information: NOTHING };
  let listed: number | null = null;
  let segment = 0;
  for (let at = 0, n = 0; n < MOST_ELEMENTS; n += 1) {
    const head = readHead(await bytesAt(file, at, HEAD_BYTES), 0);
    if (head === null || head.id === CLUSTER || (head.size === null && head.id !== SEGMENT)) break;
    const content = () => bytesAt(file, at + head.next, head.size ?? 0);
    if (head.id === SEGMENT) segment = at + head.next;
    if (head.id === CHAPTERS) found.chapters = await content();
    if (head.id === INFORMATION) found.information = await content();
    if (head.id === SEEK_HEAD) listed = placeOf(await content()) ?? listed;
    at += head.next + (head.id === SEGMENT ? 0 : (head.size ?? 0));
  }
  if (found.chapters.length > 0 || listed === null) return found;
  return { ...found, chapters: await elementAt(file, segment + listed) };
}

/** Elements at the top of a file before its film; more have never been seen. */
const MOST_ELEMENTS = 1000;
const MOST_BYTES = 4_000_000;
const HEAD_BYTES = 12;
const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const SEEK_HEAD = 0x114d9b74;
const SEEK_ID = 0x53ab;
const SEEK_POSITION = 0x53ac;

function placeOf(list: Buffer): number | null {
  const entries = elements(list).map(({ content }) => elements(content));
  const chapters = entries.find((entry) => numberOf(entry, SEEK_ID) === CHAPTERS);
  return chapters === undefined ? null : numberOf(chapters, SEEK_POSITION);
}

async function elementAt(file: OpenSource, at: number): Promise<Buffer> {
  const head = readHead(await bytesAt(file, at, HEAD_BYTES), 0);
  if (head?.id !== CHAPTERS) return NOTHING;
  return bytesAt(file, at + head.next, head.size ?? 0);
}

function bytesAt(file: OpenSource, at: number, length: number): Promise<Buffer> {
  return file.read({ at, length: Math.min(length, MOST_BYTES) });
}
