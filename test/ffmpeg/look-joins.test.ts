import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "../../src/ffmpeg/inspect.ts";
import { joinedFile } from "../../src/ffmpeg/joined.ts";
import { lookAtJoins } from "../../src/ffmpeg/look-joins.ts";
import { serveFilm } from "../support/film-server.ts";
import { apart, clickAndFlash } from "../support/lip-sync.ts";
import { run } from "../support/processes.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";

const LIMIT_MS = 120_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (name: string) => join(folder.path, name);

/** Two seconds, with a flash and a click in each, whose clock begins at `offset_s`. */
async function part(extension: string, offset_s: number, sound = "ac3", pixels = "1/1"): Promise<Buffer> {
  const path = inFolder(`part.${extension}`);
  const shape = ["-vf", `setsar=${pixels}`, "-c:v", "mpeg2video", "-bf", "2"];
  const codecs = [...shape, "-c:a", sound, "-output_ts_offset", String(offset_s)];
  const format = extension === "vob" ? "vob" : "mpegts";
  const input = clickAndFlash({ length_s: 2, period_s: 1 });
  const cmd = ["ffmpeg", "-v", "error", "-y", ...input, ...codecs, "-f", format, path];
  expect(await run({ cmd, cwd: folder.path, env: { PATH: process.env.PATH ?? "" } })).toMatchObject({
    exit: 0,
  });
  return readFile(path);
}

async function partsOf(extension: string, offsets: number[]): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for (const offset of offsets) parts.push(await part(extension, offset));
  return parts;
}

async function glue(name: string, parts: Buffer[]): Promise<string> {
  await writeFile(inFolder(name), Buffer.concat(parts));
  return inFolder(name);
}

async function look(path: string) {
  const { ffprobe_path } = (await thisMachine()).ffmpeg;
  const inspected = await inspect({ ffprobe_path, path });
  if ("refusal" in inspected) throw new Error(inspected.refusal.message);
  return lookAtJoins({ ffprobe_path, path, media: inspected.media });
}

beforeAll(async () => {
  folder = await temporaryFolder();
}, LIMIT_MS);
afterAll(() => folder.remove());

describe.each(["vob", "ts"])("parts of a .%s", (extension) => {
  test.each([
    ["that begin again", [0, 0]],
    ["of which the second is from earlier", [100, 3]],
    ["that overlap a little", [0, 1.5]],
  ])(
    "%s are found",
    async (_, offsets) => {
      const source = await glue(`glued.${extension}`, await partsOf(extension, offsets));
      const looked = await look(source);
      if ("refusal" in looked) throw new Error(looked.refusal.message);
      expect(joinedFile(looked.path)?.path).toBe(source);
      expect(looked.media.joins?.at_s).toHaveLength(1);
      expect(looked.media.duration_s).toBeCloseTo(4, 1);
    },
    LIMIT_MS,
  );

  test(
    "become one film, each picture with its sound",
    async () => {
      const source = await glue(`three.${extension}`, await partsOf(extension, [0, 100, 50]));
      const target = inFolder("glued.mkv");
      expect(await convert({ source, target }, { container: "mkv" })).toMatchObject({ outcome: "done" });
      const lags = await apart({ ffmpeg: (await thisMachine()).ffmpeg.path, path: target });
      expect(lags).toHaveLength(6);
      expect(Math.max(...lags) - Math.min(...lags)).toBeLessThan(0.01);
    },
    LIMIT_MS,
  );

  test(
    "whose clock only wraps around are one",
    async () => {
      const source = await glue(`wraps.${extension}`, [await part(extension, 2 ** 33 / 90_000 - 1)]);
      expect(await look(source)).toMatchObject({ path: source });
    },
    LIMIT_MS,
  );
});

describe("what makes no film together is refused by name", () => {
  const refused = async (parts: Buffer[], name = "odd.ts") => {
    const looked = await look(await glue(name, parts));
    return "refusal" in looked ? looked.refusal : null;
  };
  test(
    "other tracks",
    async () => {
      expect(await refused([await part("ts", 0), await part("ts", 0, "mp2")])).toMatchObject({
        ...{ outcome: "permanent", reason: "unsupported" },
        message: expect.stringMatching(/clock starts anew once.*part 2 has other tracks/),
      });
    },
    LIMIT_MS,
  );
  test(
    "another shape",
    async () => {
      const message = expect.stringContaining("the pictures of part 2 have another shape");
      expect(await refused([await part("ts", 0), await part("ts", 0, "ac3", "4/3")])).toMatchObject({
        message,
      });
    },
    LIMIT_MS,
  );
  test(
    "a part that begins in its middle",
    async () => {
      // Behind the tables at its beginning.
      const second = (await part("ts", 0)).subarray(3 * 188);
      const message = expect.stringContaining("does not begin as a file does");
      expect(await refused([await part("ts", 0), second])).toMatchObject({ message });
    },
    LIMIT_MS,
  );
  test(
    "a piece that is missing",
    async () => {
      const second = (await part("vob", 100)).subarray(2048 * 6);
      const found = await refused([await part("vob", 0), second], "hole.vob");
      expect(found).toMatchObject({
        reason: "source_damaged",
        message: expect.stringMatching(/jumps ahead by \d+ s/),
      });
    },
    LIMIT_MS,
  );
  test(
    "a stream",
    async () => {
      const path = await glue("served.vob", [await part("vob", 0), await part("vob", 0)]);
      const server = await serveFilm(path);
      const ended = await convert({ source: server.url, target: inFolder("x.mp4") });
      await server.stop();
      expect(ended).toMatchObject({
        outcome: "retry",
        reason: "unsupported",
        message: expect.stringContaining("storage.source"),
      });
    },
    LIMIT_MS,
  );
});
