import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  frameHashes,
  layOutClip,
  rateClip,
  TRIAL_CLIPS_FOLDER,
  trialClip,
} from "../../src/ffmpeg/trial-clips.ts";
import { BIT_DEPTHS, SOURCE_CODECS } from "../../src/shared/gpu.ts";
import { temporaryFolder } from "./machine.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const all = SOURCE_CODECS.flatMap((codec) =>
  BIT_DEPTHS.flatMap((depth) => {
    const [trial, rate] = [trialClip(codec, depth), rateClip(codec, depth)];
    return trial === null || rate === null ? [] : [trial, rate];
  }),
);

/** What the CPU makes of a clip, in the form in which pictures come down from a GPU. */
async function decode(path: string, format: string): Promise<Uint8Array> {
  const argv = ["ffmpeg", "-v", "error", "-i", path, "-pix_fmt", format, "-f", "rawvideo", "pipe:1"];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "inherit" });
  return new Response(child.stdout).bytes();
}

test("one of both kinds for each codec and depth but H.264 with 10 bits, small enough to carry", async () => {
  expect(all).toHaveLength(14);
  expect(trialClip("h264", 10)).toBeNull();
  expect(rateClip("h264", 10)).toBeNull();
  const files = await readdir(TRIAL_CLIPS_FOLDER);
  expect(files.toSorted()).toEqual([...all.map(({ file }) => file), "clips.json"].toSorted());
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(TRIAL_CLIPS_FOLDER, file))).size),
  );
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(400_000);
});

test.each(all)("$file is what it says it is", async (clip) => {
  const path = await layOutClip(clip, folder.path);
  const format = clip.bit_depth === 8 ? "nv12" : "p010le";
  const hashes = frameHashes(await decode(path, format), clip);
  expect(hashes).toHaveLength(clip.frames);
  // VP9 may show a picture twice.
  expect(new Set(hashes).size).toBeGreaterThanOrEqual(clip.frames - 1);
  if (clip.purpose === "trial") expect(hashes).toEqual(clip.hashes);
  const fields = "stream=codec_name,width,height,pix_fmt";
  const argv = ["ffprobe", "-v", "error", "-show_entries", fields, "-of", "csv=p=0", path];
  const shown = await new Response(Bun.spawn(argv, { stdout: "pipe" }).stdout).text();
  const planar = clip.bit_depth === 8 ? "yuv420p" : "yuv420p10le";
  expect(shown.trim()).toBe(`${clip.codec},${clip.width},${clip.height},${planar}`);
});

test("half a picture at the end counts for none", () => {
  const kind = { width: 4, height: 2, bit_depth: 8 } as const;
  expect(frameHashes(new Uint8Array(12 + 11), kind)).toHaveLength(1);
  expect(frameHashes(new Uint8Array(24), kind)).toEqual(Array(2).fill("15ec7bf0b50732b4"));
});
