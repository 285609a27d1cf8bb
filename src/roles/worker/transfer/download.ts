import { appendFile, type FileHandle, open, readFile, rename } from "node:fs/promises";
import { freeBytes } from "../../../shared/free-bytes.ts";
import { MOST_PIECE_BYTES, pieceHash } from "../../../shared/transfer.ts";
import { isAsItCame, recordArrival, takeBack } from "./cached-film.ts";
import type { CachePlace } from "./film-cache.ts";
import { createKnownPieces, formatPiece, parsePieces } from "./piece-log.ts";
import { readAt, writeAt } from "./positions.ts";

/** So many pieces travel at once: the line is busy while one of them is written. */
const LANES = 3;

/**
 * Brings a source into its place in the cache, from where an earlier try came to, and gives it the source's time. Every
 * piece was compared with its hash by `fetch`, which resolves with the bytes from `from` up to `to`, or fewer.
 */
export async function download(of: {
  place: CachePlace;
  size: number;
  mtime_ns: string;
  fetch(from: number, to: number): Promise<Uint8Array>;
  onProgress(done_bytes: number): void;
}): Promise<void> {
  const { place, size } = of;
  if (await isAsItCame(place, size)) return;
  await takeBack(place);
  await (await open(place.part, "a")).close();
  const file = await open(place.part, "r+");
  try {
    await fetchRest(file, of);
    await file.datasync();
    await file.utimes(new Date(), Number(BigInt(of.mtime_ns) / 1_000_000n) / 1000);
  } finally {
    await file.close();
  }
  await rename(place.part, place.film);
  await recordArrival(place);
}

async function fetchRest(file: FileHandle, of: Parameters<typeof download>[0]): Promise<void> {
  const { place, size } = of;
  let done = await goodLength(file, place);
  await file.truncate(done);
  of.onProgress(done);
  let next = done;
  const fetchPieces = async () => {
    while (next < size) {
      let at = next;
      next = Math.min(size, next + MOST_PIECE_BYTES);
      for (const end = next; at < end; ) {
        const bytes = await of.fetch(at, end);
        await writeAt(file, bytes, at);
        await appendFile(place.log, formatPiece({ from: at, to: at + bytes.length, hash: pieceHash(bytes) }));
        at += bytes.length;
        done += bytes.length;
        freeBytes(bytes);
        of.onProgress(done);
      }
    }
  };
  const lane = () =>
    fetchPieces().catch((error: unknown) => {
      next = size;
      throw error;
    });
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** How much of what an earlier process has written is still what it was: a power failure may have lost parts of it. */
async function goodLength(file: FileHandle, place: CachePlace): Promise<number> {
  const pieces = createKnownPieces(parsePieces(await readFile(place.log, "utf8").catch(() => "")));
  const { size } = await file.stat();
  let at = 0;
  for (;;) {
    const piece = pieces.at(at);
    if (piece === null || piece.to > size) return at;
    const bytes = await readAt(file, at, piece.to - at);
    if (pieceHash(bytes) !== piece.hash) return at;
    freeBytes(bytes);
    at = piece.to;
  }
}
