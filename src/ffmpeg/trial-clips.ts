import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BitDepth, SourceCodec } from "../shared/gpu.ts";
import clips from "./trial-clips/clips.json";
import { type PictureKind, pictureBytes } from "./trial-pictures.ts";

/**
 * A film that vc carries inside its executable, made by scripts/trial-clips.ts. A fractal that is zoomed into, video
 * alone, in Matroska, with B frames (AV1, VP9: hidden frames). `trial` clips have 24 frames of 320x180, and say what a
 * decoder must make of them, which these codecs' standards leave no choice about; `rate` clips have 8 frames of 1080p
 * at some 1.2 Mbit/s, to be looped (`-stream_loop`) for as many frames as a measurement needs.
 */
export type ClipFile = {
  purpose: "trial" | "rate";
  codec: SourceCodec;
  bit_depth: BitDepth;
  file: string;
  width: number;
  height: number;
  frames: number;
  /** Of each picture in the order of showing, as NV12 or, with 10 bits, P010 (`frameHashes`); empty for rate clips. */
  hashes: string[];
};

/** Null where vc carries none: H.264 with 10 bits, which no driver is known to decode. */
export function trialClip(codec: SourceCodec, bit_depth: BitDepth): ClipFile | null {
  return find("trial", codec, bit_depth);
}

/** A clip to measure decoding with; null as for `trialClip`. */
export function rateClip(codec: SourceCodec, bit_depth: BitDepth): ClipFile | null {
  return find("rate", codec, bit_depth);
}

/** Puts the clip into a folder, where ffmpeg can open it, and returns its path. Rejects as writing does. */
export async function layOutClip(clip: ClipFile, folder: string): Promise<string> {
  const path = join(folder, clip.file);
  await writeFile(path, await readFile(join(TRIAL_CLIPS_FOLDER, clip.file)));
  return path;
}

/** Inside the executable every module lies in one flat folder, and so do the folders that it carries. */
export const TRIAL_CLIPS_FOLDER = join(import.meta.dir, "trial-clips");

/** One hash (64 bits in hexadecimal digits) for every whole picture in raw 4:2:0 video. */
export function frameHashes(video: Uint8Array, of: PictureKind): string[] {
  const bytes = pictureBytes(of);
  return Array.from({ length: Math.floor(video.length / bytes) }, (_, n) =>
    new Bun.CryptoHasher("sha256")
      .update(video.subarray(n * bytes, (n + 1) * bytes))
      .digest("hex")
      .slice(0, 16),
  );
}

function find(purpose: ClipFile["purpose"], codec: SourceCodec, bit_depth: BitDepth): ClipFile | null {
  const all = clips as ClipFile[];
  const fits = (clip: ClipFile) =>
    clip.purpose === purpose && clip.codec === codec && clip.bit_depth === bit_depth;
  return all.find(fits) ?? null;
}
