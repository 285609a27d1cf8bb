import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { tryMachine } from "../../src/ffmpeg/trial.ts";
import { temporaryFolder, thisMachine } from "./machine.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

async function program(name: string, body: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, `#!${process.execPath}\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

describe("finding ffmpeg", () => {
  test("the one on PATH", async () => {
    const { ffmpeg } = await thisMachine();
    expect(ffmpeg.version).toMatch(/\d/);
    expect(await findFfmpeg({ path: ffmpeg.path, ffprobe_path: null })).toEqual(ffmpeg);
  });

  test("one that is not there says what to do", async () => {
    const wanted = { path: join(folder.path, "nowhere"), ffprobe_path: null };
    expect(findFfmpeg(wanted)).rejects.toMatchObject({
      code: "ffmpeg",
      message: expect.stringContaining("ffmpeg.path"),
    });
  });

  test("one that is something else", async () => {
    const path = await program("other", 'console.log("hello");');
    const message = expect.stringContaining("is no working ffmpeg");
    expect(findFfmpeg({ path, ffprobe_path: null })).rejects.toMatchObject({ code: "ffmpeg", message });
  });

  test("one that is too old", async () => {
    const path = await program("old", 'console.log("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright");');
    const message = expect.stringContaining("needs 5.1 or newer");
    expect(findFfmpeg({ path, ffprobe_path: "ffprobe" })).rejects.toMatchObject({ code: "ffmpeg", message });
  });

  test("a development build is taken at its word", async () => {
    const path = await program("git", 'console.log("ffmpeg version N-118000-gabcdef Copyright");');
    expect(await findFfmpeg({ path, ffprobe_path: "ffprobe" })).toMatchObject({
      version: "N-118000-gabcdef",
      major: null,
    });
  });
});

describe("trials", () => {
  test("prove what this machine's ffmpeg really encodes", async () => {
    const { encoders } = await thisMachine();
    const h264 = { family: "software", codec: "h264", encoder: "libx264", ten_bit: true };
    expect(encoders).toContainEqual(expect.objectContaining(h264));
    expect(encoders.map(({ codec }) => codec)).toContain("aac");
  });

  test("believe no exit code: an ffmpeg that writes nothing proves nothing", async () => {
    const path = await program("silent", "");
    const ffmpeg = { path, ffprobe_path: "ffprobe", version: "6.0", major: 6 };
    const tried = await tryMachine({ ffmpeg });
    const software = tried.filter(({ trial }) => trial.stage === "encode" && trial.family === "software");
    expect(software.length).toBeGreaterThan(4);
    for (const { outcome } of tried) expect(outcome.why).not.toBeNull();
  });
});
