/** How pieces of films travel between master and workers: sizes, and the headers that go with them. */

/** No piece is longer; it lies in memory while it is checked. */
export const MOST_PIECE_BYTES = 4 * 1024 * 1024;
/** What an upload's piece says that it is (tus 1.0). */
export const PIECE_TYPE = "application/offset+octet-stream";
export const DIGEST_HEADER = "Content-Digest";
/** Where a piece belongs, and in answers how much lies there (tus 1.0). */
export const OFFSET_HEADER = "Upload-Offset";

/** Bytes `from` to `to`, both counted in (RFC 9110 section 14); `to` null: to the end. */
export type ByteRange = { from: number; to: number | null };

/** SHA-256 as hex. */
export function sha256Of(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** Of a SHA-256 as hex: `sha-256=:BASE64:` (RFC 9530 section 2). */
export function formatDigest(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
}

/** The SHA-256 that a Content-Digest names, as hex; other algorithms beside it are passed over. Null without one. */
export function parseDigest(header: string | null | undefined): string | null {
  const base64 = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header ?? "")?.[1];
  return base64 === undefined ? null : Buffer.from(base64, "base64").toString("hex");
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
