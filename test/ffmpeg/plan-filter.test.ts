import { expect, test } from "bun:test";
import { NV12, P010, PLANAR_422_10 } from "../../src/ffmpeg/encoders/formats.ts";
import { whyNotFilter } from "../../src/ffmpeg/plan-filter.ts";
import { gpuRecord } from "./gpu-record.ts";
import { INTERLACED, videoStream } from "./records.ts";

type Changes = Omit<Partial<Parameters<typeof whyNotFilter>[0]>, "film"> & {
  film?: Parameters<typeof videoStream>[0];
};

const full = { color: { primaries: null, transfer: null, matrix: null, range: "pc" } };
const rotated = { width: 1080, height: 1920, rotation: 90 };
const size = (width: number, height: number) => ({
  size: { width, height, inner: { width, height }, sample_aspect_ratio: { num: 1, den: 1 } },
});

const rows: [string, Changes, string | null][] = [
  ["smaller", {}, null],
  ["as it is", size(1920, 1080), null],
  ["as it is, where scaling was not proven", { ...size(1920, 1080), gpu: gpuRecord({ scale: [] }) }, null],
  ["wider pixels made square", { film: { width: 720, height: 576 }, ...size(1024, 576) }, null],
  ["half as wide and high", size(960, 540), null],
  ["less than half as wide", size(958, 540), "less than half"],
  ["less than half as high", size(960, 538), "less than half"],
  ["turned and half its size", { film: rotated, ...size(960, 540), decode: "cpu" }, null],
  ["turned and as it is", { film: rotated, ...size(1920, 1080), gpu: gpuRecord({ scale: [] }) }, null],
  ["interlaced", { film: INTERLACED, ...size(1920, 1080) }, "is interlaced"],
  ["RGB", { film: { chroma: "rgb" } }, "RGB"],
  ["full range that becomes limited", { film: full, ...size(1920, 1080) }, "full range"],
  ["full range that is kept", { film: full, keeps_range: true }, null],
  ["10 bits", { film: { bit_depth: 10 }, format: P010 }, null],
  ["10 bits to 8", { film: { bit_depth: 10 } }, "10 bits a sample become 8"],
  ["12 bits to 10", { film: { bit_depth: 12 }, format: P010 }, "12 bits a sample become 10"],
  ["8 bits to 10, on the CPU before", { format: PLANAR_422_10, decode: "cpu" }, null],
  [
    "not proven with these bits",
    { film: { bit_depth: 10 }, format: P010, gpu: gpuRecord({ scale: [8] }) },
    "not proven on Card with 10 bits",
  ],
  [
    "tried in vain",
    {
      gpu: gpuRecord({
        scale: [],
        refused: [{ stage: "scale", codec: null, bit_depth: 8, why: "green pictures" }],
      }),
    },
    "green pictures",
  ],
];
test.each(rows)("%s", (_name, { film, ...changes }, why) => {
  const common = {
    format: NV12,
    decode: "vulkan" as const,
    keeps_range: false,
    tone_map: false,
    gpu: gpuRecord(),
  };
  const found = whyNotFilter({ film: videoStream(film), ...size(1280, 720), ...common, ...changes });
  expect(found).toEqual(why === null ? null : expect.stringContaining(why));
});
