import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFfmpeg, listEncoders } from "../../src/ffmpeg/find.ts";
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

test("the one on PATH", async () => {
  const { ffmpeg } = await thisMachine();
  expect(ffmpeg.version).toMatch(/\d/);
  expect(await findFfmpeg({ path: ffmpeg.path, ffprobe_path: null })).toEqual(ffmpeg);
});

test("one that is not there says what to do", async () => {
  const wanted = { path: join(folder.path, "nowhere"), ffprobe_path: null };
  const message = expect.stringContaining("ffmpeg.path");
  expect(findFfmpeg(wanted)).rejects.toMatchObject({ code: "ffmpeg", message });
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
  const found = await findFfmpeg({ path, ffprobe_path: "ffprobe" });
  expect(found).toMatchObject({ version: "N-118000-gabcdef", major: null });
});

test("the encoders that it was built with, of all kinds, and nothing of the list's legend", async () => {
  const { ffmpeg } = await thisMachine();
  const names = [...((await listEncoders(ffmpeg)) ?? [])];
  expect(names).toEqual(expect.arrayContaining(["libx264", "aac", "mov_text"]));
  expect(names.filter((name) => !/^\w[\w.-]*$/.test(name))).toEqual([]);
});

test.each([
  ["one that lists nothing", ""],
  ["one that fails", 'console.log(" V....D libx264   x"); process.exit(1);'],
])("%s tells nothing about its encoders", async (name, body) => {
  const path = await program(name.replaceAll(" ", "-"), body);
  expect(await listEncoders({ path, ffprobe_path: "", version: "6.0", major: 6 })).toBeNull();
});
