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
