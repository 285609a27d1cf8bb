/**
 * An mp4 (its index behind its media, as ffmpeg writes it by itself) whose first track says that it is Dolby Vision: a
 * configuration record (Dolby Vision Streams Within the ISO Base Media File Format, 3.2) at the end of its sample entry.
 */
export function withDolbyVision(
  mp4: Uint8Array,
  { profile, compatibility }: { profile: number; compatibility: number },
): Uint8Array {
  const file = Buffer.from(mp4);
  const record = configuration(profile, compatibility);
  const { sizes, end } = openSampleEntry(file);
  const longer = Buffer.concat([file.subarray(0, end), record, file.subarray(end)]);
  for (const at of sizes) longer.writeUInt32BE(longer.readUInt32BE(at) + record.length, at);
  return longer;
}

/** Version 1.0, level 1, with metadata (RPU) and base layer; profile 7 has an enhancement layer besides. */
function configuration(profile: number, compatibility: number): Buffer {
  const box = Buffer.alloc(32);
  box.writeUInt32BE(box.length, 0);
  box.write(profile <= 7 ? "dvcC" : "dvvC", 4, "latin1");
  box[8] = 1;
  box.writeUInt16BE((profile << 9) | (1 << 3) | 0b101 | (profile === 7 ? 0b10 : 0), 10);
  box[12] = compatibility << 4;
  return box;
}

/** Where the sizes of all boxes around the sample entry stand, and where the entry ends. */
function openSampleEntry(file: Buffer): { sizes: number[]; end: number } {
  const sizes: number[] = [];
  let at = 0;
  let end = file.length;
  for (const name of ["moov", "trak", "mdia", "minf", "stbl", "stsd", null]) {
    while (name !== null && file.toString("latin1", at + 4, at + 8) !== name) {
      at += file.readUInt32BE(at);
      if (at >= end) throw new Error(`no ${name}`);
    }
    sizes.push(at);
    end = at + file.readUInt32BE(at);
    // stsd counts its entries first; the others begin with their boxes.
    at += name === "stsd" ? 16 : 8;
  }
  return { sizes, end };
}
