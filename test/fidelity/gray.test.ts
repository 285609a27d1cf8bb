import { expect, test } from "bun:test";
import { join } from "node:path";
import { filters } from "../../src/ffmpeg/args-video.ts";
import { readFrames } from "../../src/ffmpeg/frames.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { convert, temporaryFolder, thisMachine } from "../ffmpeg/machine.ts";
import { bestPlan, conversion, media, videoStream } from "../ffmpeg/records.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { run } from "../support/processes.ts";
import { testOr } from "../support/test-or.ts";

const PATH = process.env.PATH ?? "";
const SYSTEM = { ffmpeg: "ffmpeg", env: { PATH } };
const VERSIONS = [
  ["the system's ffmpeg", SYSTEM, null],
  ["the newer one", newer ?? SYSTEM, noNewer],
] as const;
type Range = "tv" | "pc";

/** A ramp from left to right, every column a step lighter. */
async function ramp(path: string, of: { format: string; range: Range | null }): Promise<void> {
  const picture = `color=black:s=256x64:r=5:d=1,format=gray16le,geq=lum='257*X',format=${of.format}`;
  const told = of.range === null ? [] : ["-color_range", of.range];
  const cmd = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, ...told, "-c:v", "ffv1", path];
  expect(await run({ cmd, cwd: "/", env: { PATH } })).toMatchObject({ exit: 0, stderr: "" });
}

/** The brightness of the first row of pictures as these filters leave them. */
async function row(path: string, program: (typeof VERSIONS)[number][1], chain: string[]): Promise<number[]> {
  const filter = [...chain, "extractplanes=y"].join(",");
  const child = Bun.spawn(
    [program.ffmpeg, "-v", "error", "-i", path, "-frames:v", "1", "-vf", filter, "-f", "rawvideo", "-"],
    { env: program.env, stdout: "pipe", stderr: "inherit" },
  );
  const shown = new Uint8Array(await new Response(child.stdout).arrayBuffer());
  return [...shown.subarray(0, 256)];
}

const apart = (a: number[], b: number[]) => Math.max(...a.map((value, n) => Math.abs(value - (b[n] ?? 999))));
const asTaken = Array.from({ length: 256 }, (_, x) => x);
const squeezed = asTaken.map((value) => 16 + (value * 219) / 255);

for (const [name, program, missing] of VERSIONS) {
  testOr(missing, `${name} keeps the brightness of grey films of every range`, async () => {
    const folder = await temporaryFolder();
    const rows: [string, Range | null, Partial<Conversion>, number[]][] = [
      ["gray", "tv", {}, asTaken],
      ["gray10le", "tv", {}, asTaken],
      ["gray16le", "tv", {}, asTaken],
      ["gray", "pc", {}, squeezed],
      ["gray", null, {}, squeezed],
      ["gray", null, { codec: "ffv1", container: "mkv" }, asTaken],
    ];
    for (const [format, range, wanted, expected] of rows) {
      const path = join(folder.path, `${format}-${range}.mkv`);
      if (!(await Bun.file(path).exists())) await ramp(path, { format, range });
      const film = videoStream({
        ...{ width: 256, height: 64, chroma: "gray", pixel_format: format },
        color: { primaries: null, transfer: null, matrix: null, range },
      });
      const { video } = bestPlan({ media: media({ video: [film] }), conversion: conversion(wanted) });
      const shown = await row(path, program, filters(video));
      expect({ format, range, apart: apart(shown, expected) <= 2 }).toEqual({ format, range, apart: true });
    }
    const path = join(folder.path, "gray-tv.mkv");
    const seen = await readFrames({
      ffmpeg_path: program.ffmpeg,
      film: { path, stream: 0, gray_limited: true },
      openings: [{ input: [], filter: "trim=end_frame=1" }],
    });
    expect(Math.max(...(seen[0]?.[0]?.picture.subarray(0, 64) ?? []))).toBeGreaterThan(245);
    await folder.remove();
  });
}

test("a grey film comes out as bright as it is", async () => {
  const folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "gray.mkv"), join(folder.path, "made.mkv")];
  await ramp(source, { format: "gray10le", range: "tv" });
  const wanted: Partial<Conversion> = { codec: "hevc", container: "mkv", quality: 10 };
  expect(await convert({ source, target }, wanted)).toMatchObject({ outcome: "done" });
  const { ffmpeg } = await thisMachine();
  const shown = await row(target, { ffmpeg: ffmpeg.path, env: { PATH } }, ["format=yuv420p"]);
  expect(apart(shown, asTaken)).toBeLessThan(6);
  await folder.remove();
}, 60_000);
