import { boxAt } from "./mp4-boxes.ts";
import { secondInAvi } from "./second-avi.ts";
import { secondInFlv, secondInOgg } from "./second-sampled.ts";
import { segmentEnd } from "./segment.ts";
import type { OpenSource } from "./source.ts";

/**
 * Where another film begins in a file that was glued from parts (`cat a.mp4 b.mp4`), in bytes: of these formats ffmpeg and
 * players show the first part alone, or the second as if it were of the first. Null where there is none, and where it is read on
 * as it should be. `format` is ffmpeg's name. Reads the lengths that a file claims, or some megabytes where it claims none.
 */
export async function findSecondFilm(file: OpenSource, format: string): Promise<number | null> {
  const find = FORMATS.find(({ name }) => format.split(",").includes(name))?.find;
  return find === undefined ? null : find(file);
}

const FORMATS: { name: string; find: (file: OpenSource) => Promise<number | null> }[] = [
  { name: "mov", find: secondIndex },
  { name: "matroska", find: secondSegment },
  { name: "asf", find: secondHeader },
  { name: "rm", find: secondChunks },
  { name: "wtv", find: secondSectors },
  { name: "flv", find: secondInFlv },
  { name: "ogg", find: secondInOgg },
  { name: "avi", find: secondInAvi },
];

/** Of pieces at the top of a file; films have a handful. */
const MOST_PIECES = 64;

/** In files of fragments headers may come again. */
async function secondIndex(file: OpenSource): Promise<number | null> {
  let begins: number | null = null;
  let indices = 0;
  for (let at = 0, boxes = 0; boxes < MOST_PIECES; boxes += 1) {
    const box = await boxAt(file, at);
    if (box === null || box.type === "moof") return null;
    if (box.type === "ftyp" && at > 0) begins ??= at;
    if (box.type === "moov") indices += 1;
    if (begins !== null && indices > 1) return begins;
    at = box.to;
  }
  return null;
}

const EBML = Buffer.from("1a45dfa3", "hex");
const HEAD_BYTES = 4096;

async function secondSegment(file: OpenSource): Promise<number | null> {
  const end = segmentEnd(await file.read({ at: 0, length: HEAD_BYTES }));
  return end !== null && (await standsAt(file, end, EBML)) ? end : null;
}

/** ASF specification, 2.1 and 3: objects follow each other, each with 16 bytes that name it and 8 of its length; a header first. */
async function secondHeader(file: OpenSource): Promise<number | null> {
  let name: Buffer | null = null;
  for (let at = 0, objects = 0; objects < MOST_PIECES; objects += 1) {
    const head = await bytesAt(file, at, 24);
    if (head.length < 24) return null;
    if (name?.equals(head.subarray(0, 16)) === true) return at;
    name ??= Buffer.from(head.subarray(0, 16));
    const length = Number(head.readBigUInt64LE(16));
    if (length < 24) return null;
    at += length;
  }
  return null;
}

/** Chunks of four letters and a length. ffmpeg claims ten bytes too many for the film's own. */
async function secondChunks(file: OpenSource): Promise<number | null> {
  let begin: Buffer | null = null;
  for (let at = 0, chunks = 0; chunks < MOST_PIECES; chunks += 1) {
    const from = Math.max(0, at - (begin === null ? 0 : SLACK_BYTES));
    const near = Buffer.from(await bytesAt(file, from, 2 * SLACK_BYTES));
    begin ??= near.subarray(0, 8);
    const again = at === 0 ? -1 : near.indexOf(begin);
    if (again >= 0) return from + again;
    const head = near.subarray(at - from);
    const length = head.length < 8 ? 0 : head.readUInt32BE(4);
    if (length < 8) return null;
    at += length;
  }
  return null;
}

const SLACK_BYTES = 16;

/** At byte 92 stands of how many sectors of 4096 bytes the file is made. */
async function secondSectors(file: OpenSource): Promise<number | null> {
  const head = await file.read({ at: 0, length: HEAD_BYTES });
  const end = head.length < HEAD_BYTES ? 0 : head.readUInt32LE(92) * 4096;
  return end > 0 && (await standsAt(file, end, Buffer.from(head.subarray(0, 16)))) ? end : null;
}

async function standsAt(file: OpenSource, at: number, bytes: Buffer): Promise<boolean> {
  return (await bytesAt(file, at, bytes.length)).equals(bytes);
}

/** A damaged length may lead to where no file can be. */
async function bytesAt(file: OpenSource, at: number, length: number): Promise<Buffer> {
  return at < file.size ? file.read({ at, length }) : Buffer.alloc(0);
}
