import { existsSync } from "node:fs";
import { join } from "node:path";
import { NEWER_FFMPEG } from "../../scripts/newer-ffmpeg.ts";

export type NewerFfmpeg = {
  /** Paths of the programs. Where the environment names no driver, or llvmpipe, they use an llvmpipe of their own. */
  ffmpeg: string;
  ffprobe: string;
  /** An environment in which they see llvmpipe alone; LLVMPIPE (vulkan.ts) is the one for vc and them together. */
  env: Record<string, string>;
};

const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
const program = (name: string) => join(NEWER_FFMPEG, "bin", name);

/** ffmpeg 8.1 or later with Vulkan on the CPU, beside the system's; null where it is not there. */
export const newer: NewerFfmpeg | null = existsSync(NEWER_FFMPEG)
  ? { ffmpeg: program("ffmpeg"), ffprobe: program("ffprobe"), env: { PATH, HOME, TMPDIR } }
  : null;

/** Why tests that need it cannot run here; the tests' runner, which fetches it, knows better than we do. */
export const noNewer: string | null =
  newer === null ? process.env.VC_TEST_NO_NEWER_FFMPEG || "no newer ffmpeg; `npm test` fetches one" : null;
