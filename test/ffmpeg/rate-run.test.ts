import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { measureRate } from "../../src/ffmpeg/rate-run.ts";
import { FOREVER, makeFake } from "./fake.ts";
import { temporaryFolder } from "./machine.ts";
import { bestPlan, conversion, media } from "./records.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** What an ffmpeg that does `body` is measured to, and the numbers of frames that it was asked for. */
async function measured(name: string, body: string, limit_ms = 60_000) {
  const asked = join(folder.path, `${name}.asked`);
  const program = `const frames = Number(argv[argv.indexOf("-frames:v") + 1]);
    fs.appendFileSync(${JSON.stringify(asked)}, frames + " ");
    ${body}`;
  const rate = await measureRate({
    ...{ path: "clip", folder: folder.path, limit_ms, signal: new AbortController().signal },
    ffmpeg_path: await makeFake(folder.path, name, program),
    plan: bestPlan({ media: media(), conversion: conversion() }),
  });
  return { rate, asked: readFileSync(asked, "utf8").trim() };
}

test("a way is measured warm", async () => {
  const body = `beat(10); setTimeout(() => { beat(frames, "end"); process.exit(0); }, 1);`;
  const { rate, asked } = await measured("warm", body);
  expect(rate).toMatchObject({ frames: 140 });
  expect(asked).toBe("24 150");
}, 180_000);

test("one that is faster than ffmpeg tells of it makes more frames, until 120 can be counted", async () => {
  const body = `beat(100); setTimeout(() => { beat(frames, "end"); process.exit(0); }, 1);`;
  const { rate, asked } = await measured("fast", `if (frames === 150) { beat(70); } ${body}`);
  expect(asked).toBe("24 150 450");
  expect(rate).toMatchObject({ frames: 350 });
}, 180_000);

test("one that is cut says how many frames there were, and that is not a failure", async () => {
  const slow = `if (frames === 24) { beat(24, "end"); process.exit(0); } beat(10); setTimeout(() => beat(40), 200); ${FOREVER}`;
  expect((await measured("slow", slow, 6000)).rate).toMatchObject({ frames: 30 });
  expect((await measured("silent", FOREVER, 1000)).rate).toEqual({ fps: 0, frames: 0 });
}, 180_000);

test("one that fails says why, and a full disk says nothing about it", async () => {
  const fails = 'say("[libx264 @ 0x1] [error] no such preset"); process.exit(1);';
  expect((await measured("fails", fails)).rate).toEqual({ why: "no such preset" });
  const full = 'say("[out @ 0x1] [error] Error writing trailer: No space left on device"); process.exit(1);';
  expect((await measured("full", full)).rate).toEqual({ why: null });
}, 180_000);
