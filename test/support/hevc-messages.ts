/**
 * An HEVC stream (Annex B) with a message before the first slice of every picture: what cameras and studios put there
 * and no encoder here can write.
 */
export function withMessages(stream: Uint8Array, payload: { type: number; bytes: number[] }): Uint8Array {
  const message = sei(payload);
  const pieces: Uint8Array[] = [];
  for (const unit of units(stream)) {
    // Slices have types up to 31; the first bit after the two of the header says that a picture begins.
    const slice = (unit[4] ?? 0) >> 1 <= 31 && (unit[6] ?? 0) >= 0x80;
    if (slice) pieces.push(message);
    pieces.push(unit);
  }
  return Buffer.concat(pieces);
}

/** HDR10+ (SMPTE ST 2094-40) as ITU-T T.35 has it: one window of 700 cd/m2, for a screen of 400. */
export const HDR10_PLUS = {
  type: 4,
  bytes: [
    ...[0xb5, 0x00, 0x3c, 0x00, 0x01, 4, 1],
    ...bits([
      [1, 2], // windows
      [4_000_000, 27], // the screen aimed at, in 1/10000 cd/m2
      [0, 1],
      ...[0, 1, 2].map((): [number, number] => [70_000, 17]), // the strongest red, green and blue, in 1/100000 of 10000
      [10_000, 17], // the average
      [0, 4], // percentiles
      [0, 10],
      [0, 1],
      [0, 1], // no curve
      [0, 1],
    ]),
  ],
};

/** Value and number of bits each. */
function bits(fields: [number, number][]): number[] {
  const text = fields.map(([value, length]) => value.toString(2).padStart(length, "0")).join("");
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8, "0");
  return (padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
}

/** A prefix SEI unit; a third zero in a row is set apart by a 3, as everywhere in the stream. */
function sei({ type, bytes }: { type: number; bytes: number[] }): Uint8Array {
  const raw = [type, bytes.length, ...bytes, 0x80];
  return Uint8Array.from([0, 0, 0, 1, 39 << 1, 1, ...escaped(raw)]);
}

/** Emulation prevention (ITU-T H.265, 7.4.2). */
function escaped(raw: number[]): number[] {
  const out: number[] = [];
  for (const byte of raw) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return out;
}

/** The stream's units, each with a start code of four bytes. */
function units(stream: Uint8Array): Uint8Array[] {
  const file = Buffer.from(stream);
  const starts: number[] = [];
  for (let at = file.indexOf("\0\0\x01"); at !== -1; at = file.indexOf("\0\0\x01", at + 3))
    starts.push(at + 3);
  return starts.map((start, n) => {
    const next = starts[n + 1];
    const body = file.subarray(start, next === undefined ? file.length : next - 3);
    const end = next !== undefined && body.at(-1) === 0 ? body.length - 1 : body.length;
    return Buffer.concat([Buffer.from([0, 0, 0, 1]), body.subarray(0, end)]);
  });
}
