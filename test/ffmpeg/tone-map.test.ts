import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { FAMILIES } from "../../src/ffmpeg/encoders/families.ts";
import { CHART, chartPicture, distances, expectedPatches, readPatches } from "../../src/ffmpeg/tone-chart.ts";
import { toneMapOf, toneMapOnCpu } from "../../src/ffmpeg/tone-map.ts";
import { tryHdr } from "../../src/ffmpeg/trial-hdr.ts";
import { createBench, type TrialBench } from "../../src/ffmpeg/trial-stages.ts";
import { tryToneMap } from "../../src/ffmpeg/trial-tone-map.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { run } from "../support/processes.ts";
import { testOr } from "../support/test-or.ts";
import { noLlvmpipe } from "../support/vulkan.ts";
import { gpuRecord } from "./gpu-record.ts";
import { DISPLAY, HLG, hdrRecord, LIGHT, PQ } from "./hdr-records.ts";
import { convert, temporaryFolder, thisMachine } from "./machine.ts";
import { gpuUse } from "./records.ts";

const LIMIT_MS = 180_000;
const thisFfmpeg = (await thisMachine()).ffmpeg;

/** Why nothing can be mapped through Vulkan by this ffmpeg; a trial says it. */
async function askLibplacebo(): Promise<string | null> {
  if (noLlvmpipe !== null) return noLlvmpipe;
  const bench = await createBench(thisFfmpeg.path);
  const gpu = gpuRecord({ index: 0, type: "cpu" });
  const { why } = await tryToneMap({ ...bench, limit_ms: 60_000 }, { gpu, bit_depth: 8 });
  await bench.remove();
  return why;
}
const noLibplacebo = await askLibplacebo();

describe("how a film is mapped", () => {
  const rows: [string, Parameters<typeof toneMapOf>, ReturnType<typeof toneMapOf>][] = [
    ["by its lightest sample", [PQ, hdrRecord()], { source: PQ, peak: LIGHT.max_content }],
    ["by its screen", [PQ, hdrRecord({ light: null })], { source: PQ, peak: DISPLAY.max_luminance }],
    [
      "by neither, where both are absurd",
      [
        PQ,
        hdrRecord({
          mastering: { ...DISPLAY, max_luminance: 100 },
          light: { max_content: 60_000, max_average: 0 },
        }),
      ],
      { source: PQ, peak: 1000 },
    ],
    ["by the usual peak", [PQ, null], { source: PQ, peak: 1000 }],
    [
      "HLG by its nominal peak",
      [HLG, hdrRecord({ light: null, mastering: { ...DISPLAY, max_luminance: 4000 } })],
      { source: HLG, peak: 1000 },
    ],
    [
      "with the usual labels for those that are missing",
      [{ ...PQ, primaries: null, matrix: null, range: null }, null],
      { source: PQ, peak: 1000 },
    ],
  ];
  test.each(rows)("%s", (_name, of, expected) => {
    expect(toneMapOf(...of)).toEqual(expected);
  });

  test("the filters carry the film's labels and peak", () => {
    const filters = toneMapOnCpu(toneMapOf(HLG, null), "yuv420p10le").join(",");
    expect(filters).toStartWith(
      "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc:range=tv,zscale=",
    );
    expect(filters).toContain("peak=4.926,");
    expect(filters).toEndWith(",format=yuv420p10le");
  });
});

describe("the chart", () => {
  test("has every patch in its place", () => {
    const patches = readPatches(chartPicture(), 10);
    expect(patches[0]?.[0]).toBeLessThan(60);
    // Gray of 203 cd/m2 is 58 % of PQ (ITU-R BT.2408).
    expect(patches[4]?.[0]).toBeCloseTo(16 + 219 * 0.58, 0);
    expect(patches[4]?.slice(1)).toEqual([128, 128]);
  });

  test("grays stay gray, in their order, and the lightest is white", () => {
    const grays = expectedPatches(1000).slice(0, 7);
    for (const [, blue, red] of grays)
      expect([blue, red]).toEqual([expect.closeTo(128), expect.closeTo(128)]);
    const light = grays.map(([y = 0]) => y);
    expect(light).toEqual(light.toSorted((a, b) => a - b));
    expect(light.at(-1)).toBeCloseTo(235);
  });

  test("wrong colours are far away", () => {
    const expected = expectedPatches(1000);
    const swapped = expected.map(([y = 0, blue = 0, red = 0]) => [y, red, blue]);
    expect(Math.max(...distances(expected, swapped))).toBeGreaterThan(60);
    expect(distances(expected, [])).toContain(Number.POSITIVE_INFINITY);
  });
});

describe("by real filters, as the chart must look", () => {
  let bench: TrialBench;
  beforeAll(async () => {
    bench = await createBench("ffmpeg");
  });
  afterAll(() => bench.remove());
  const on = (ffmpeg_path: string) => ({ ...bench, ffmpeg_path, limit_ms: 60_000 });
  const proven = { why: null, said: null, hung: false };

  test.each([8, 10] as const)("on the CPU, %p bits", async (bit_depth) => {
    expect(await tryToneMap(on("ffmpeg"), { gpu: null, bit_depth })).toEqual(proven);
  });

  testOr(noNewer, "on the CPU by a newer ffmpeg", async () => {
    expect(await tryToneMap(on(newer?.ffmpeg ?? ""), { gpu: null, bit_depth: 8 })).toEqual(proven);
  });
});

describe("what encoders make of HDR's metadata", () => {
  const encoder = FAMILIES.flatMap(({ encoders }) => encoders).find((one) => one.encoder === "libaom-av1");
  const format = encoder?.formats.find(({ bit_depth }) => bit_depth === 10);
  async function ask(ffmpeg_path: string) {
    if (encoder === undefined || format === undefined) throw new Error("no libaom-av1");
    const bench = await createBench(ffmpeg_path);
    const open = { input: [], upload: [], output: [] };
    const subject = { encoder, format, open, bit_depth: 10, limits: null, family: "software" } as const;
    const outcome = await tryHdr({ ...bench, limit_ms: 60_000 }, { stage: "hdr", ...subject });
    await bench.remove();
    return outcome.why;
  }

  // As of ffmpeg 5.1 libaom is told nothing of them; a system with another ffmpeg has another answer.
  const old = thisFfmpeg.major === 5 ? null : "this ffmpeg is not 5.1";
  testOr(old, "they are lost by an encoder that is not told", async () => {
    expect(await ask(thisFfmpeg.path)).toBe("it does not write what its pictures say of HDR");
  });

  testOr(noNewer, "and kept by one that is", async () => {
    expect(await ask(newer?.ffmpeg ?? "")).toBeNull();
  });
});

describe("through libplacebo on Mesa's Vulkan on the CPU", () => {
  testOr(
    noLibplacebo,
    "a film becomes SDR, and what it became is compared",
    async () => {
      const folder = await temporaryFolder();
      const source = join(folder.path, "source.mkv");
      // As light as films are: the strongest signal of PQ would be 10,000 cd/m2.
      const picture = "testsrc=s=256x144:r=25:d=0.4,format=yuv420p10le,lutyuv=y=64+(val-64)*0.72";
      const labels = "color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv";
      const x265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"];
      const tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
      const filter = `${picture},setparams=${labels}`;
      const cmd = [thisFfmpeg.path, "-v", "error", "-f", "lavfi", "-i", filter, ...x265, ...tags, source];
      const env = { PATH: process.env.PATH ?? "" };
      expect(await run({ cmd, cwd: folder.path, env })).toMatchObject({ exit: 0 });
      const gpu = gpuRecord({ id: "llvmpipe", name: "llvmpipe", type: "cpu", decode: [], tone_map: [8, 10] });
      const ended = await convert(
        { source, target: join(folder.path, "made.mp4") },
        { target_resolution: { width: 128, height: 72 } },
        {
          capabilities: { ...(await thisMachine()), gpus: [gpu] },
          gpu: gpuUse({ device: "llvmpipe", use_vulkan: true, families: ["software"] }),
        },
      );
      expect(ended).toMatchObject({ outcome: "done", report: { plan: { decode: "cpu", filter: "vulkan" } } });
      expect(ended.report.command?.find((one) => one.includes("libplacebo"))).toContain(
        "libplacebo=w=128:h=72:",
      );
      await folder.remove();
    },
    LIMIT_MS,
  );
});

test("pictures have the chart's size", () => {
  expect(chartPicture()).toHaveLength(CHART.width * CHART.height * 3);
});
