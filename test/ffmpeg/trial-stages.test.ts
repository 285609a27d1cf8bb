import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listTrials } from "../../src/ffmpeg/trial-list.ts";
import { createBench, tryEncode } from "../../src/ffmpeg/trial-stages.ts";
import { thisMachine } from "./machine.ts";

test("what killed programs left behind is cleared away after a day, what is in use is not", async () => {
  const [old, young] = [
    await mkdtemp(join(tmpdir(), "vc-trial-")),
    await mkdtemp(join(tmpdir(), "vc-trial-")),
  ];
  try {
    await mkdir(join(old, "deep"));
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    await utimes(old, yesterday, yesterday);
    const bench = await createBench("ffmpeg");
    expect([old, young, bench.folder].map((folder) => existsSync(folder))).toEqual([false, true, true]);
    await bench.remove();
    expect(existsSync(bench.folder)).toBe(false);
  } finally {
    for (const folder of [old, young]) await rm(folder, { recursive: true, force: true });
  }
});

test("what several trials need is made once", async () => {
  const bench = await createBench("ffmpeg");
  let made = 0;
  const make = async () => {
    made += 1;
    return made;
  };
  const both = [bench.once("a", make), bench.once("a", make), bench.once("b", make)];
  expect(await Promise.all(both)).toEqual([1, 1, 2]);
  await bench.remove();
});

const trials = listTrials({ ffmpeg: { version: "9.0" }, built_in: null, devices: [], os: process.platform });
const software = trials.flatMap((one) =>
  one.stage === "encode" && ["libx264", "ffv1", "prores_ks"].includes(one.encoder.encoder) ? [one] : [],
);

test.each(software.map((one) => [one.encoder.encoder, one.bit_depth, one] as const))(
  "%s with %i bits is judged by its pictures, whatever their chroma and size",
  async (_, __, trial) => {
    const { ffmpeg } = await thisMachine();
    const bench = { ...(await createBench(ffmpeg.path)), limit_ms: 60_000 };
    try {
      expect(await tryEncode(bench, trial)).toMatchObject({ why: null });
      const align = { width: 128, height: 128 };
      const aligned = { ...trial, format: { ...trial.format, align } };
      expect(await tryEncode(bench, aligned)).toMatchObject({ why: null });
      const odd = { ...trial, format: { ...trial.format, input: "no_such_format" } };
      expect((await tryEncode(bench, odd)).why).toMatch(/no_such_format/);
    } finally {
      await bench.remove();
    }
  },
  30_000,
);
