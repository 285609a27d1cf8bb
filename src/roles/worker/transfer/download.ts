import { appendFile, type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import { freeBytes } from "../../../shared/free-bytes.ts";
import { sha256Of } from "../../../shared/transfer.ts";
import type { CachePlace } from "./film-cache.ts";
import { createKnownPieces, formatPiece, parsePieces } from "./piece-log.ts";
import { readAt, writeAt } from "./positions.ts";

/**
 * Brings a source into its place in the cache, from where an earlier try came to, and gives it the source's time. Every
 * piece was compared with its digest by `fetch`, which is given the first byte and resolves with those that follow.
 */
export async function download(of: {
  place: CachePlace;
  size: number;
  mtime_ns: string;
  fetch(from: number): Promise<Uint8Array>;
  onProgress(done_bytes: number): void;
}): Promise<void> {
  const { place, size } = of;
  if ((await stat(place.film).catch(() => null))?.size === size) return;
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
  await rm(place.log, { force: true });
}

async function fetchRest(file: FileHandle, of: Parameters<typeof download>[0]): Promise<void> {
  const { place, size } = of;
  let at = await goodLength(file, place);
  await file.truncate(at);
  of.onProgress(at);
  // The next piece travels while this one is written.
  let next = at < size ? of.fetch(at) : null;
  while (next !== null) {
    const bytes = await next;
    const after = at + bytes.length;
    next = after < size ? of.fetch(after) : null;
    next?.catch(() => {});
    await writeAt(file, bytes, at);
    await appendFile(place.log, formatPiece({ from: at, to: after, sha256: sha256Of(bytes) }));
    freeBytes(bytes);
    at = after;
    of.onProgress(at);
  }
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
    if (sha256Of(bytes) !== piece.sha256) return at;
    freeBytes(bytes);
    at = piece.to;
  }
}
