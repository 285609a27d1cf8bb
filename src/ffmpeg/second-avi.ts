import type { OpenSource } from "./source.ts";

/**
 * Where a second film begins in an AVI file whose tracks are others than the first one's, in bytes. ffmpeg reads on there, and
 * takes its pictures and sounds for those of the first: what differs would run away, or not be decoded. Null for all else.
 */
export async function secondInAvi(file: OpenSource): Promise<number | null> {
  let first: string | null = null;
  for (let at = 0, pieces = 0; at < file.size && pieces < MOST_PIECES; pieces += 1) {
    const head = await file.read({ at, length: HEAD_BYTES });
    const is_riff = head.length > 12 && head.toString("latin1", 0, 4) === "RIFF";
    if (!is_riff) return null;
    // Large files go on in pieces of another name (OpenDML, "AVIX").
    const tracks: string | null = head.toString("latin1", 8, 12) === "AVI " ? tracksIn(head) : first;
    if (first !== null && tracks !== first) return at;
    first ??= tracks;
    const length = head.readUInt32LE(4);
    at += 8 + length + (length % 2);
  }
  return null;
}

/** A piece of OpenDML holds a gigabyte. */
const MOST_PIECES = 1000;
/** The headers of a handful of tracks. */
const HEAD_BYTES = 16_384;

/** AVI RIFF File Reference, "AVIStreamHeader": kind, scale and rate of each track; and what its codec is told (strf). */
function tracksIn(head: Buffer): string {
  const tracks: string[] = [];
  for (let at = head.indexOf("strh", 0, "latin1"); at >= 0; at = head.indexOf("strh", at + 4, "latin1")) {
    const format = at + 8 + (at + 8 <= head.length ? head.readUInt32LE(at + 4) : 0);
    if (format + 28 > head.length || at + 36 > head.length) break;
    const kind = head.toString("latin1", at + 8, at + 12);
    const rate = head.readUInt32LE(at + 32) / head.readUInt32LE(at + 28);
    const told = format + 8;
    // Of pictures: their size and codec; of sound: its codec, channels and rate.
    const codec = kind === "vids" ? head.subarray(told + 4, told + 20) : head.subarray(told, told + 8);
    tracks.push(`${kind} ${kind === "vids" ? rate.toFixed(4) : ""} ${codec.toString("hex")}`);
  }
  return tracks.join();
}
