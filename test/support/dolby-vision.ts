import { inSampleEntry } from "./containers.ts";

/**
 * An mp4 (its index behind its media, as ffmpeg writes it by itself) whose first track says that it is Dolby Vision: a
 * configuration record (Dolby Vision Streams Within the ISO Base Media File Format, 3.2) at the end of its sample entry.
 */
export function withDolbyVision(
  mp4: Uint8Array,
  { profile, compatibility }: { profile: number; compatibility: number },
): Uint8Array {
  return inSampleEntry(Buffer.from(mp4), configuration(profile, compatibility));
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
