import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClipFile, frameHashes, TRIAL_CLIPS_FOLDER } from "../src/ffmpeg/trial-clips.ts";

/**
 * Makes the clips that vc carries (`bun scripts/trial-clips.ts`): for each codec and bit depth that Vulkan may decode
 * a small one with the hashes of its pictures, and a few frames of 1080p to measure rates with. The result is
 * committed; make it anew only with another content in mind, by an ffmpeg with x264, x265 (10 bits too), libaom and
 * libvpx.
 */

/** Width, height, frames; the height of both is no multiple of 16, so that cropping is tried as well. */
const SMALL = { width: 320, height: 180, frames: 24 };
const LARGE = { width: 1920, height: 1080, frames: 8 };

/** A fractal that is zoomed into: much detail, and motion in every part of the picture. */
function picture({ width, height, frames }: typeof SMALL): string[] {
  const place = "start_x=-0.7436:start_y=0.1318:start_scale=0.5:end_scale=0.4:end_pts=100:maxiter=200";
  const source = `mandelbrot=s=${width}x${height}:r=25:${place},gblur=1.5`;
  return ["-f", "lavfi", "-i", source, "-frames:v", String(frames)];
}

type Kind = Pick<ClipFile, "codec" | "bit_depth"> & {
  options: string[];
  /** Quality of the small clip and of the large one, on the encoder's own scale. */
  crf: [number, number];
};

const X265 = ["-c:v", "libx265", "-preset", "slow", "-x265-params", "log-level=none:bframes=3"];
const AOM = ["-c:v", "libaom-av1", "-cpu-used", "4", "-b:v", "0", "-lag-in-frames", "19"];
const VPX = ["-c:v", "libvpx-vp9", "-b:v", "0", "-auto-alt-ref", "1", "-lag-in-frames", "16"];
const KINDS: Kind[] = [
  {
    codec: "h264",
    bit_depth: 8,
    options: ["-c:v", "libx264", "-preset", "slow", "-bf", "3"],
    crf: [30, 32],
  },
  { codec: "hevc", bit_depth: 8, options: X265, crf: [30, 33] },
  { codec: "hevc", bit_depth: 10, options: X265, crf: [30, 33] },
  { codec: "av1", bit_depth: 8, options: AOM, crf: [36, 40] },
  { codec: "av1", bit_depth: 10, options: AOM, crf: [36, 40] },
  { codec: "vp9", bit_depth: 8, options: VPX, crf: [36, 42] },
  { codec: "vp9", bit_depth: 10, options: VPX, crf: [36, 42] },
];

await rm(TRIAL_CLIPS_FOLDER, { recursive: true, force: true });
await mkdir(TRIAL_CLIPS_FOLDER, { recursive: true });
const clips: ClipFile[] = [];
let bytes = 0;
for (const kind of KINDS) {
  for (const [purpose, size, crf] of [
    ["trial", SMALL, kind.crf[0]],
    ["rate", LARGE, kind.crf[1]],
  ] as const) {
    const { codec, bit_depth } = kind;
    const file = `${purpose}-${codec}-${bit_depth}.mkv`;
    const path = join(TRIAL_CLIPS_FOLDER, file);
    const format = bit_depth === 8 ? "yuv420p" : "yuv420p10le";
    const quiet = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"];
    await ffmpeg([
      ...picture(size),
      ...["-pix_fmt", format, ...kind.options, "-crf", String(crf), ...quiet, path],
    ]);
    const downloaded = bit_depth === 8 ? "nv12" : "p010le";
    const pictures = await ffmpeg(["-i", path, "-pix_fmt", downloaded, "-f", "rawvideo", "pipe:1"]);
    const hashes = frameHashes(pictures, { ...size, bit_depth });
    if (hashes.length !== size.frames) throw new Error(`${file} has ${hashes.length} frames`);
    clips.push({ purpose, codec, bit_depth, file, ...size, hashes: purpose === "trial" ? hashes : [] });
    bytes += (await stat(path)).size;
    console.log(file, (await stat(path)).size);
  }
}
await writeFile(join(TRIAL_CLIPS_FOLDER, "clips.json"), JSON.stringify(clips));
await Bun.$`biome format --write ${TRIAL_CLIPS_FOLDER}`;
console.log(`${bytes} bytes in all`);

async function ffmpeg(options: string[]): Promise<Uint8Array> {
  const argv = ["ffmpeg", "-v", "error", "-nostdin", "-y", ...options];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const output = await new Response(child.stdout).bytes();
  if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")} failed`);
  return output;
}
