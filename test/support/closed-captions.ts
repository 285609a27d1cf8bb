/**
 * Puts a pair of EIA-608 captions (ANSI/SCTE 128, ATSC A/53 part 4) before every picture of an H.264 byte stream: ffmpeg
 * writes what it finds, but makes none of its own.
 */
export function withCaptions(stream: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const at of pictureStarts(stream)) {
    parts.push(stream.subarray(from, at), SEI);
    from = at;
  }
  parts.push(stream.subarray(from));
  return new Uint8Array(Buffer.concat(parts));
}

/** "GA94": one pair, letters with odd parity. */
const CAPTION = [0xb5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 3, 0x41, 0xff, 0xfc, 0xc8, 0xe9, 0xff];
const SEI = new Uint8Array([0, 0, 0, 1, 6, 4, CAPTION.length, ...CAPTION, 0x80]);

/** Of slices (NAL units 1 and 5) that begin a picture: their first bit says that they hold its first macroblock. */
function pictureStarts(stream: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at + 4 < stream.length; at++) {
    if (stream[at] !== 0 || stream[at + 1] !== 0 || stream[at + 2] !== 1) continue;
    const type = (stream[at + 3] ?? 0) & 31;
    if ((type === 1 || type === 5) && (stream[at + 4] ?? 0) >= 0x80) {
      starts.push(at > 0 && stream[at - 1] === 0 ? at - 1 : at);
    }
  }
  return starts;
}
