import type { OpenSource } from "./source.ts";

/**
 * Where a second film begins in a Flash file, in bytes; null for none. Writers may tell in its first words how long the file
 * is (`filesize`); of others, the times of pictures and sounds are looked at in places.
 */
export async function secondInFlv(file: OpenSource): Promise<number | null> {
  const claimed = claimedSize(await file.read({ at: 0, length: BLOCK_BYTES }));
  if (claimed === file.size) return null;
  const inside = claimed !== null && claimed > 0 && claimed < file.size;
  const head = inside ? await file.read({ at: claimed, length: FLV_HEAD_BYTES }) : Buffer.alloc(0);
  if (flvHeader(head) === 0) return claimed;
  return sampled(file, { marks: flvTimes, header: flvHeader, known: new Map([["time", -1]]) });
}

/** Where a chain of Ogg streams begins anew, in bytes; null where it does not. Each page has its stream's number, and its own. */
export async function secondInOgg(file: OpenSource): Promise<number | null> {
  const pages = oggPages(await file.read({ at: 0, length: BLOCK_BYTES }));
  const behind = pages.findIndex(({ begins }) => !begins);
  if (behind < 1) return null;
  const streams = pages.slice(0, behind);
  return sampled(file, {
    marks: (block) => new Map(oggPages(block).map(({ serial, number }) => [String(serial), number])),
    header: (block, is_first) => oggHeader(block, is_first ? streams.length : 0),
    known: new Map(streams.map(({ serial }) => [String(serial), -1])),
  });
}

/** What only grows in one film, by names that `known` has; a header, by its place in a block. */
type Marks = Map<string, number>;
type Kind = {
  marks: (block: Buffer) => Marks;
  header: (block: Buffer, is_first: boolean) => number | null;
  known: Marks;
};

const BLOCK_BYTES = 131_072;
/** Evenly, and ever closer to the beginning, so that a short first part is met as well. */
const EVEN_PLACES = 32;
const NEARER = 1.5;
/** Damage may look like a second beginning. */
const MOST_FALLS = 4;

async function sampled(file: OpenSource, kind: Kind): Promise<number | null> {
  const first = kind.header(await file.read({ at: 0, length: BLOCK_BYTES }), true);
  if (first !== null) return first;
  let { known } = kind;
  let falls = 0;
  let before = 0;
  for (const at of places(file.size)) {
    const block = await file.read({ at, length: BLOCK_BYTES });
    const inside = kind.header(block, at === 0);
    if (inside !== null) return at + inside;
    const marks = kind.marks(block);
    if (fell(known, marks)) {
      const found = await between(file, kind, { known, from: before, to: at });
      if (found !== null) return found;
      falls += 1;
      if (falls === MOST_FALLS) return null;
    } else known = new Map([...known, ...marks]);
    before = at;
  }
  return null;
}

function places(size: number): number[] {
  const last = Math.max(0, size - BLOCK_BYTES);
  const even = Array.from({ length: EVEN_PLACES + 1 }, (_, n) => Math.floor((n * last) / EVEN_PLACES));
  const near: number[] = [];
  for (let at = last / EVEN_PLACES; at > BLOCK_BYTES; at /= NEARER) near.push(Math.floor(at));
  return [...new Set([...near, ...even])].sort((a, b) => a - b);
}

function fell(known: Marks, marks: Marks): boolean {
  return [...marks].some(([name, mark]) => mark < (known.get(name) ?? Number.POSITIVE_INFINITY));
}

/** Halves the way until little is left to be read. */
async function between(
  file: OpenSource,
  kind: Kind,
  of: { known: Marks; from: number; to: number },
): Promise<number | null> {
  let { known, from, to } = of;
  while (to - from > 2 * BLOCK_BYTES) {
    const middle = Math.floor((from + to) / 2);
    const marks = kind.marks(await file.read({ at: middle, length: BLOCK_BYTES }));
    if (fell(known, marks)) to = middle;
    else {
      known = new Map([...known, ...marks]);
      from = middle;
    }
  }
  const rest = await file.read({ at: from, length: to - from + BLOCK_BYTES });
  const found = kind.header(rest, from === 0);
  return found === null ? null : from + found;
}

/** Of the list of values behind a file's header (onMetaData, AMF 0): a name, a zero for a number, and its eight bytes. */
function claimedSize(head: Buffer): number | null {
  const at = head.indexOf("filesize\0", 0, "latin1");
  return at < 0 || at + 17 > head.length ? null : head.readDoubleBE(at + 9);
}

const FLV_HEAD_BYTES = 13;

/** FLV specification 10.1, E.2: three letters, a version, what there is, the header's length, and a first length of 0. */
function flvHeader(block: Buffer, is_first = false): number | null {
  for (let at = block.indexOf("FLV\u0001", is_first ? 1 : 0, "latin1"); at >= 0; ) {
    const rest = block.subarray(at + 4, at + FLV_HEAD_BYTES);
    if (FLV_REST.some((known) => known.equals(rest))) return at;
    at = block.indexOf("FLV\u0001", at + 1, "latin1");
  }
  return null;
}

/** Picture and sound, or one of them. */
const FLV_REST = [5, 1, 4].map((holds) => Buffer.from([holds, 0, 0, 0, 9, 0, 0, 0, 0]));
const TAG_BYTES = 11;
const TAG_KINDS = [8, 9];

/** The latest time of a tag in the block, in ms: behind each stands its length again. */
function flvTimes(block: Buffer): Marks {
  let latest = -1;
  for (let at = 0; at + TAG_BYTES < block.length; ) {
    const length = TAG_BYTES + block.readUIntBE(at + 1, 3);
    const is_tag =
      TAG_KINDS.includes(block[at] ?? 0) &&
      block.readUIntBE(at + 8, 3) === 0 &&
      at + length + 4 <= block.length &&
      block.readUInt32BE(at + length) === length;
    if (is_tag) latest = Math.max(latest, block.readUIntBE(at + 4, 3) + (block[at + 7] ?? 0) * 2 ** 24);
    at += is_tag ? length + 4 : 1;
  }
  return latest < 0 ? new Map() : new Map([["time", latest]]);
}

type OggPage = { at: number; begins: boolean; serial: number; number: number };
const PAGE_BYTES = 27;

/** RFC 3533, 6: each page with the lengths of its pieces, so that the next one tells that it is one. */
function oggPages(block: Buffer): OggPage[] {
  const pages: OggPage[] = [];
  let at = block.indexOf("OggS", 0, "latin1");
  while (at >= 0 && at + PAGE_BYTES <= block.length) {
    const pieces = block.subarray(at + PAGE_BYTES, at + PAGE_BYTES + (block[at + 26] ?? 0));
    const next = at + PAGE_BYTES + pieces.length + pieces.reduce((sum, length) => sum + length, 0);
    const is_page = next + 4 <= block.length && block.toString("latin1", next, next + 4) === "OggS";
    if (is_page) {
      const begins = ((block[at + 5] ?? 0) & 2) !== 0;
      pages.push({ at, begins, serial: block.readUInt32LE(at + 14), number: block.readUInt32LE(at + 18) });
    }
    at = is_page ? next : block.indexOf("OggS", at + 1, "latin1");
  }
  return pages;
}

/** Streams begin together at the beginning of a film, and nowhere else. */
function oggHeader(block: Buffer, own: number): number | null {
  return (
    oggPages(block)
      .slice(own)
      .find(({ begins }) => begins)?.at ?? null
  );
}
