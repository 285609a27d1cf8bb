/** How pieces of films travel between master and workers: sizes, and the headers that go with them. */

/** No piece is longer; it lies in memory while it is checked. */
export const MOST_PIECE_BYTES = 4 * 1024 * 1024;
/** What an upload's piece says that it is (tus 1.0). */
export const PIECE_TYPE = "application/offset+octet-stream";
/** The hash of the piece that goes with it. */
export const HASH_HEADER = "Piece-XXH3";
/** Where a piece belongs, and in answers how much lies there (tus 1.0). */
export const OFFSET_HEADER = "Upload-Offset";

/** Bytes `from` to `to`, both counted in (RFC 9110 section 14); `to` null: to the end. */
export type ByteRange = { from: number; to: number | null };

/**
 * XXH3 of 64 bits, as 16 hex digits: it finds what a line or a disk changed by chance, thirty times faster than SHA-256.
 * Against people stand TLS, and the SHA-256 of a whole result.
 */
export function pieceHash(bytes: Uint8Array): string {
  return Bun.hash.xxHash3(bytes).toString(16).padStart(16, "0");
}

/** The hash that a header has; null for anything else. */
export function parsePieceHash(header: string | null | undefined): string | null {
  return /^[0-9a-f]{16}$/.test(header ?? "") ? (header ?? null) : null;
}

export function formatRange({ from, to }: ByteRange): string {
  return `bytes=${from}-${to ?? ""}`;
}

/** Of `bytes=A-` or `bytes=A-B`; null for anything else, several ranges and ranges from the end among it. */
export function parseRange(header: string | null | undefined): ByteRange | null {
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header?.trim() ?? "") ?? [];
  if (first === undefined) return null;
  const range = { from: Number(first), to: last === undefined ? null : Number(last) };
  return range.to !== null && range.to < range.from ? null : range;
}

export function formatContentRange(of: { from: number; to: number; size: number }): string {
  return `bytes ${of.from}-${of.to}/${of.size}`;
}

/** Of `bytes A-B/SIZE`; null for anything else. */
export function parseContentRange(
  header: string | null | undefined,
): { from: number; to: number; size: number } | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header?.trim() ?? "");
  if (match === null) return null;
  const [from = 0, to = 0, size = 0] = match.slice(1).map(Number);
  return from <= to && to < size ? { from, to, size } : null;
}

/** A count of bytes as a header has it; null for anything else. */
export function parseOffset(header: string | null | undefined): number | null {
  return /^\d{1,15}$/.test(header ?? "") ? Number(header) : null;
}
