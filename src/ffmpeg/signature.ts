/**
 * Which kind of film a file begins like, by its first bytes; null if like none. Tells a damaged film from a file
 * that never was one. The numbers are the containers' own magic bytes.
 */
export function filmSignature(head: Uint8Array): string | null {
  return SIGNATURES.find(({ matches }) => matches(head))?.name ?? null;
}

const SIGNATURES: { name: string; matches: (head: Uint8Array) => boolean }[] = [
  { name: "Matroska or WebM", matches: (head) => hasBytes(head, 0, [0x1a, 0x45, 0xdf, 0xa3]) },
  { name: "MP4 or QuickTime", matches: (head) => MP4_BOXES.some((box) => hasText(head, 4, box)) },
  { name: "AVI", matches: (head) => hasText(head, 0, "RIFF") && hasText(head, 8, "AVI ") },
  { name: "FLV", matches: (head) => hasBytes(head, 0, [0x46, 0x4c, 0x56, 0x01]) },
  { name: "Ogg", matches: (head) => hasText(head, 0, "OggS") },
  { name: "RealMedia", matches: (head) => hasText(head, 0, ".RMF") },
  {
    name: "MXF",
    matches: (head) => hasBytes(head, 0, [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02]),
  },
  { name: "MPEG program stream", matches: (head) => hasBytes(head, 0, [0, 0, 1, 0xba]) },
  {
    name: "Windows Media",
    matches: (head) => hasBytes(head, 0, [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]),
  },
  {
    name: "MPEG transport stream",
    matches: (head) => isTransportStream(head, 0, 188) || isTransportStream(head, 4, 192),
  },
];

const MP4_BOXES = ["ftyp", "moov", "mdat", "wide"];

function hasBytes(head: Uint8Array, at: number, bytes: number[]): boolean {
  return bytes.every((byte, offset) => head[at + offset] === byte);
}

function hasText(head: Uint8Array, at: number, text: string): boolean {
  return hasBytes(
    head,
    at,
    [...text].map((letter) => letter.charCodeAt(0)),
  );
}

/** Packets of 188 bytes that begin with 0x47; Blu-ray puts four bytes before each. */
function isTransportStream(head: Uint8Array, at: number, packet: number): boolean {
  return [0, 1, 2, 3].every((n) => head[at + n * packet] === 0x47);
}
