import { openSource } from "./source.ts";

/**
 * Where a Matroska file's segment, which holds all of the film, says that it ends: bytes from the beginning of the
 * file. Null where it does not say (live recordings), or where the file is no Matroska. RFC 9559, section 7.3, and RFC 8794,
 * sections 4 and 5: elements are an id, a length, and their content.
 */
export function segmentEnd(head: Uint8Array): number | null {
  if (EBML_HEADER.some((byte, n) => head[n] !== byte)) return null;
  for (let at = 0; ; ) {
    const id = readNumber(head, at, "kept");
    const size = id && readNumber(head, id.next, "removed");
    if (size === null || size.next > head.length) return null;
    if (id?.value === SEGMENT) return size.unknown ? null : size.next + size.value;
    if (size.unknown) return null;
    at = size.next + size.value;
  }
}

/** How many bytes a Matroska file lacks of what it claims to hold; 0 for others. */
export async function missingBytes(path: string): Promise<number> {
  const file = await openSource(path);
  if (file === null) return 0;
  try {
    const head = await file.read({ at: 0, length: HEAD_BYTES });
    return Math.max(0, (segmentEnd(head) ?? 0) - file.size);
  } finally {
    await file.close();
  }
}

const HEAD_BYTES = 4096;
const EBML_HEADER = [0x1a, 0x45, 0xdf, 0xa3];
const SEGMENT = 0x18538067;

/** Zeros before the first set bit tell how many bytes follow; all bits set is a length that is not known. */
function readNumber(bytes: Uint8Array, at: number, mark: "kept" | "removed") {
  const first = bytes[at];
  if (first === undefined || first === 0) return null;
  const length = Math.clz32(first) - 23;
  const marker = 1 << (8 - length);
  let value = mark === "kept" ? first : first & (marker - 1);
  let unknown = (first & (marker - 1)) === marker - 1;
  for (const byte of bytes.subarray(at + 1, at + length)) {
    value = value * 256 + byte;
    unknown &&= byte === 0xff;
  }
  return { value, unknown, next: at + length };
}
