import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leadOf } from "../../src/ffmpeg/look-lead.ts";
import { apart, clickAndFlash } from "../support/lip-sync.ts";
import { run } from "../support/processes.ts";
import { convert, thisMachine } from "./machine.ts";

const SEI = "N/A,H.26[45] User Data Unregistered SEI message";

test.each<[string, string[], number, ReturnType<typeof leadOf>]>([
  ["all are told", ["-0.040000", "0.000000"], -0.04, null],
  ["none is", ["N/A", "N/A"], -0.5, null],
  [
    "the sound begins 60 ms earlier",
    [SEI, "", "N/A", "0.020000", "N/A"],
    -0.12,
    { until_s: 0.02, by_s: 0.06 },
  ],
  ["both begin together", ["N/A", "N/A", "0.000000"], -0.08, null],
])("%s", (_, lines, start_s, expected) => {
  const lead = leadOf(lines, start_s, 25);
  if (expected === null || lead === null) return expect(lead).toEqual(expected);
  expect(lead.until_s).toBeCloseTo(expected.until_s, 6);
  expect(lead.by_s).toBeCloseTo(expected.by_s, 6);
});

test("a Matroska file whose clock begins below zero keeps its every picture in step", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-lead-"));
  const made = (name: string) => join(folder, name);
  const ffmpeg = async (...options: string[]) => {
    const cmd = ["ffmpeg", "-v", "error", "-y", ...options];
    expect(await run({ cmd, cwd: folder, env: { PATH: process.env.PATH ?? "" } })).toMatchObject({ exit: 0 });
  };
  const input = clickAndFlash({ length_s: 4, period_s: 1 });
  await ffmpeg(...input, "-c:v", "libx264", "-bf", "2", "-g", "10", "-c:a", "aac", "whole.mkv");
  await ffmpeg("-ss", "1.3", "-i", "whole.mkv", "-c", "copy", "-avoid_negative_ts", "disabled", "cut.mkv");
  const ended = await convert({ source: made("cut.mkv"), target: made("cut.mp4") }, { verify: "full" });
  expect(ended).toMatchObject({ outcome: "done" });
  const lags = await apart({ ffmpeg: (await thisMachine()).ffmpeg.path, path: made("cut.mp4") });
  expect(lags.length).toBeGreaterThanOrEqual(3);
  // Before zero as behind it.
  expect(Math.max(...lags) - Math.min(...lags)).toBeLessThan(0.005);
  await rm(folder, { recursive: true });
}, 60_000);
