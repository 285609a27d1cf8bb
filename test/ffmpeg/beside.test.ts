import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeBeside } from "../../src/ffmpeg/beside.ts";
import { pgs } from "../fixtures/corpus/edits.ts";
import { AAC, moving, tones, X264 } from "../fixtures/corpus/generators.ts";
import { run } from "../support/processes.ts";
import { temporaryFolder, thisMachine } from "./machine.ts";
import { audioStream, bestPlan, conversion, media } from "./records.ts";

const LIMIT_MS = 180_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** When something is shown, and when no more, in seconds. */
async function shownIn(path: string): Promise<[number, boolean][]> {
  const options = ["-show_entries", "subtitle=pts_time,num_rects", "-select_streams", "s", "-of", "json"];
  const cmd = ["ffprobe", "-v", "error", "-show_frames", ...options, path];
  const { stdout } = await run({ cmd, cwd: folder.path, env: { PATH: process.env.PATH ?? "" } });
  const { frames } = JSON.parse(stdout) as { frames: { pts_time: string; num_rects: number }[] };
  return frames.map((one) => [Number(one.pts_time), one.num_rects > 0]);
}

test.each(["m2ts", "ts"])(
  "subtitles that begin late in a broadcast or Blu-ray (%s) keep their time",
  async (extension) => {
    const source = join(folder.path, `late.${extension}`);
    await writeFile(join(folder.path, "late.sup"), pgs([[1.2, 1.7]]));
    const streams = [...moving({ seconds: 2 }), ...tones([440], { seconds: 2 }), "-itsoffset", "1.2"];
    const maps = ["-i", "late.sup", "-map", "0", "-map", "1", "-map", "2", ...X264, ...AAC, "-c:s", "copy"];
    const cmd = ["ffmpeg", "-v", "error", "-y", ...streams, ...maps, source];
    const made = await run({ cmd, cwd: folder.path, env: { PATH: process.env.PATH ?? "" } });
    expect(made.stderr).toBe("");
    const target = join(folder.path, `film-${extension}`);
    const ended = await makeBeside({
      ffmpeg: (await thisMachine()).ffmpeg,
      plan: { ...PLAN, beside: [SUBTITLE] },
      source,
      target,
      signal: new AbortController().signal,
    });
    if ("refusal" in ended) throw new Error(ended.refusal.message);
    const shown = await shownIn(target + (ended.made[0]?.suffix ?? ""));
    expect(shown.map(([, is]) => is)).toEqual([true, false]);
    // The picture begins a packet of AAC after the sound.
    expect(shown[0]?.[0]).toBeCloseTo(1.2, 1);
    expect(shown[1]?.[0]).toBeCloseTo(1.7, 1);
  },
  LIMIT_MS,
);

const PLAN = bestPlan({ media: media({ audio: [audioStream({ index: 1 })] }), conversion: conversion() });
const SUBTITLE = {
  index: 2,
  codec: "hdmv_pgs_subtitle",
  extension: "sup" as const,
  label: "und",
  language: null,
  title: null,
  flags: [],
};
