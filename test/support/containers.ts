/** A box of mp4 or QuickTime (ISO 14496-12, 4.2). */
export function box(type: string, ...content: Buffer[]): Buffer {
  const inside = Buffer.concat(content);
  return Buffer.concat([number(8 + inside.length), Buffer.from(type, "latin1"), inside]);
}

/** 32 bits, the highest first. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** An element of Matroska (RFC 8794, 4): its id as hexadecimal digits, a length of four bytes, its content. */
export function element(id: string, ...content: Buffer[]): Buffer {
  const inside = Buffer.concat(content);
  return Buffer.concat([Buffer.from(id, "hex"), number(0x10000000 + inside.length), inside]);
}

/** An mp4 whose movie comes after its samples, with one box more at the end of the box that the path leads to; null is the first box there, whatever its type; trak/1 is the second of its type. */
export function withBox(film: Buffer, path: (string | null)[], added: Buffer): Buffer {
  const starts: number[] = [];
  let [from, to] = [0, film.length];
  for (const type of path) {
    const [name, before = "0"] = type?.split("/") ?? [null];
    let left = Number(before);
    const isOther = () => name !== null && film.toString("latin1", from + 4, from + 8) !== name;
    while (from < to && (isOther() || left-- > 0)) from += film.readUInt32BE(from);
    if (from >= to) throw new Error(`there is no ${type}`);
    starts.push(from);
    to = from + film.readUInt32BE(from);
    from += type === "stsd" ? 16 : 8;
  }
  const made = Buffer.concat([film.subarray(0, to), added, film.subarray(to)]);
  for (const start of starts) made.writeUInt32BE(made.readUInt32BE(start) + added.length, start);
  return made;
}

/** An mp4 whose first track has the matrix (a, b, c, d) in its header (ISO 14496-12, 8.3.2). */
export function withMatrix(film: Buffer, [a, b, c, d]: [number, number, number, number]): Buffer {
  const made = Buffer.from(film);
  const at = made.indexOf("tkhd") + 4 + 40;
  const values = [a, b, 0, c, d, 0, 0, 0, 0x4000];
  values.forEach((value, n) => {
    made.writeInt32BE(Math.round(value * 65_536), at + 4 * n);
  });
  return made;
}

/** A box at the end of the first track's sample entry, in a file whose index stands behind its media. */
export function inSampleEntry(file: Buffer, added: Buffer): Buffer {
  return withBox(file, ["moov", "trak", "mdia", "minf", "stbl", "stsd", null], added);
}
