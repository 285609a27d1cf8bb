import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { differs } from "../../src/ffmpeg/picture-difference.ts";
import { samplePictures } from "../../src/ffmpeg/pictures.ts";
import { captureTool } from "../../src/ffmpeg/tool.ts";
import { temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 180_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await thisMachine();
}, LIMIT_MS);
afterAll(() => folder.remove());

/** A film of 64x64 pixels, 5 frames a second and a given length, encoded with options of x264's. */
async function film(name: string, seconds: number, x264: string, filter = "null"): Promise<string> {
  return encoded(name, { seconds, filter, codec: ["libx264", "-preset", "veryfast", "-x264-params", x264] });
}

async function encoded(
  name: string,
  { seconds, filter, codec }: { seconds: number; filter: string; codec: string[] },
): Promise<string> {
  const path = join(folder.path, name);
  const { ffmpeg } = await thisMachine();
  const picture = [
    "-f",
    "lavfi",
    "-i",
    `testsrc2=s=64x64:r=5:d=${seconds}`,
    "-vf",
    `${filter},format=yuv420p`,
  ];
  const output = ["-c:v", ...codec, `file:${path}`];
  const argv = [ffmpeg.path, "-v", "error", "-nostdin", "-y", ...picture, ...output];
  expect((await captureTool({ argv, limit_ms: LIMIT_MS, max_bytes: 1000 })).stderr).toBe("");
  return path;
}

async function compare(source: string, result: string, duration_s: number) {
  const { ffmpeg } = await thisMachine();
  const starts = source.endsWith(".ts") ? 1.4 : 0;
  return samplePictures({
    ffmpeg_path: ffmpeg.path,
    source: { path: source, stream: 0, start_s: starts },
    result: { path: result, stream: 0, start_s: 0, first_s: 0 },
    duration_s,
    frame_s: 0.2,
  });
}

test.each(["mpeg4", "mpeg2video"])(
  "a place between the keyframes of %s in a transport stream",
  async (codec) => {
    const options = { seconds: 70, filter: "null", codec: [codec, "-q:v", "3", "-g", "40", "-r", "25"] };
    const source = await encoded(`${codec}.ts`, options);
    const result = await film(`${codec}.mp4`, 70, "keyint=60", "fps=25");
    for (const { missing, difference } of await compare(source, result, 70)) {
      expect(missing).toBeNull();
      expect(difference?.mean).toBeLessThan(5);
    }
  },
  LIMIT_MS,
);

describe("pictures of the same film, encoded twice", () => {
  const rows: [string, number, string][] = [
    ["short.mkv", 20, "keyint=50"],
    ["long.mkv", 100, "keyint=35"],
    ["long-open-groups.ts", 100, "keyint=35:open-gop=1:bframes=3"],
    ["long-one-keyframe.mkv", 100, "keyint=infinite:scenecut=0"],
  ];
  test.each(rows)(
    "%s",
    async (name, seconds, x264) => {
      const source = await film(name, seconds, x264);
      const samples = await compare(source, await film(`again-${name}.mp4`, seconds, "keyint=60"), seconds);
      expect(samples.map(({ missing }) => missing)).toEqual(samples.map(() => null));
      for (const { difference } of samples) expect(difference?.mean).toBeLessThan(3);
      const places = samples.map(({ at_s }) => at_s);
      expect(new Set(places).size).toBe(6);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      const other = await film(`other-${name}.mp4`, seconds, "keyint=60", "vflip");
      expect(
        (await compare(source, other, seconds)).every((one) => one.difference && differs(one.difference)),
      ).toBe(true);
    },
    LIMIT_MS,
  );
});
