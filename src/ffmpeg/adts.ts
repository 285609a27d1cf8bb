/**
 * Counts the forms that a stream of ADTS frames has (ISO 14496-3, 1.A.2.2): object type, sampling rate and channels.
 * Pieces may be cut anywhere; what is no header is passed over.
 */
export function createAdtsReader(): { add(piece: Uint8Array): void; forms(): number } {
  const seen = new Map<number, number>();
  let rest: Uint8Array = new Uint8Array();
  /** Bytes of the last frame that are still to come. */
  let ahead = 0;
  return {
    add(piece) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let at = Math.min(ahead, bytes.length);
      ahead -= at;
      while (at + HEADER_BYTES <= bytes.length) {
        const length = frameLength(bytes, at);
        if (length === 0) {
          at += 1;
          continue;
        }
        // Object type, sampling rate and channels: all bits of the third byte but one, two of the fourth.
        const form = (((bytes[at + 2] ?? 0) & 0xfd) << 2) | ((bytes[at + 3] ?? 0) >> 6);
        seen.set(form, (seen.get(form) ?? 0) + 1);
        at += length;
      }
      ahead += Math.max(0, at - bytes.length);
      rest = bytes.slice(Math.min(at, bytes.length));
    },
    // A single frame is damage, or two bytes that look like a header.
    forms: () => [...seen.values()].filter((count) => count > 1).length,
  };
}

const HEADER_BYTES = 7;

/** 0 where there is no header. */
function frameLength(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, , d = 0, e = 0, f = 0] = bytes.subarray(at, at + 6);
  if (a !== 0xff || (b & 0xf6) !== 0xf0) return 0;
  const length = ((d & 3) << 11) | (e << 3) | (f >> 5);
  return length < HEADER_BYTES ? 0 : length;
}
