import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeBeside } from "../../src/ffmpeg/beside.ts";
import { inspect } from "../../src/ffmpeg/inspect.ts";
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
    const shown = await shownBeside(source);
    expect(shown.map(([, is]) => is)).toEqual([true, false]);
    // The picture begins a packet of AAC after the sound.
    expect(shown[0]?.[0]).toBeCloseTo(1.2, 1);
    expect(shown[1]?.[0]).toBeCloseTo(1.7, 1);
  },
  LIMIT_MS,
);

test.each<[string, number, string[]]>([
  ["m2ts", 0.9, ["-f", "mpegts", "-mpegts_m2ts_mode", "1"]],
  ["m2ts", 4.2, ["-f", "mpegts", "-mpegts_m2ts_mode", "1"]],
  ["mkv", 4.2, []],
  ["mkv", 1.2, ["-output_ts_offset", "5"]],
])(
  "subtitles that begin before the pictures and the sound (%s, %d s, %p) keep their time with them",
  async (extension, before_s, options) => {
    const source = join(folder.path, `early${before_s}-${options.length}.${extension}`);
    await writeFile(
      join(folder.path, "early.sup"),
      pgs([
        [0.2, 0.9],
        [1.0, 0.4 + before_s],
        [1.0 + before_s, 1.4 + before_s],
      ]),
    );
    const late = ["-itsoffset", `${before_s}`];
    const streams = [...late, ...moving({ seconds: 2 }), ...late, ...tones([440], { seconds: 2 })];
    const maps = ["-i", "early.sup", "-map", "0", "-map", "1", "-map", "2", ...X264, ...AAC, "-c:s", "copy"];
    const cmd = ["ffmpeg", "-v", "error", "-y", ...streams, ...maps, ...options, source];
    const made = await run({ cmd, cwd: folder.path, env: { PATH: process.env.PATH ?? "" } });
    expect(made.stderr).toBe("");
    const shown = await shownBeside(source);
    const expected = [0, 0, 0, 0.2, 0.8, 1.2];
    expect(shown.map(([, is]) => is)).toEqual([true, false, true, false, true, false]);
    for (const [n, at] of expected.entries()) expect(shown[n]?.[0]).toBeCloseTo(at, 1);
  },
  LIMIT_MS,
);

/** As the film that is made of it would have them beside it. */
async function shownBeside(source: string): Promise<[number, boolean][]> {
  const { ffmpeg } = await thisMachine();
  const { signal } = new AbortController();
  const inspected = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: source, signal });
  if ("refusal" in inspected) throw new Error(inspected.refusal.message);
  const target = `${source}.beside`;
  const plan = { ...PLAN, beside: [SUBTITLE] };
  const ended = await makeBeside({ ffmpeg, plan, media: inspected.media, source, target, signal });
  if ("refusal" in ended) throw new Error(ended.refusal.message);
  return shownIn(target + (ended.made[0]?.suffix ?? ""));
}

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
