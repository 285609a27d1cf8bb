import { expect, test } from "bun:test";
import { whyNotDecode } from "../../src/ffmpeg/plan-decode.ts";
import type { Gpu } from "../../src/shared/gpu.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { gpuRecord } from "./gpu-record.ts";
import { INTERLACED, videoStream } from "./records.ts";

const hevc = { codec: "hevc", profile: "Main 10", bit_depth: 10, pixel_format: "yuv420p10le" };
const vp9 = { codec: "vp9", profile: "Profile 0" };
const limits = { min_width: 160, min_height: 64, max_width: 4096, max_height: 2304 };
const decode: Gpu["decode"] = [{ codec: "h264", bit_depth: 8, limits }];

const rows: [string, Partial<VideoStream>, Partial<Gpu>, string | null][] = [
  ["h264 High", {}, {}, null],
  ["h264 Main", { profile: "Main" }, {}, null],
  ["h264 Constrained Baseline", { profile: "Constrained Baseline" }, {}, null],
  ["h264 Baseline has tools of its own", { profile: "Baseline" }, {}, "profile is Baseline"],
  ["h264 High 4:4:4", { profile: "High 4:4:4 Predictive", chroma: "444" }, {}, "not 4:2:0"],
  ["no profile", { profile: null }, {}, "profile is unknown"],
  ["hevc with 10 bits", hevc, {}, null],
  ["hevc with 12 bits", { ...hevc, profile: "Rext", bit_depth: 12 }, {}, "profile is Rext"],
  ["never offered", vp9, {}, "vp9 with 8 bits was not proven on Card"],
  [
    "tried in vain",
    vp9,
    { refused: [{ stage: "decode", codec: "vp9", bit_depth: 8, why: "ffmpeg hung" }] },
    "ffmpeg hung",
  ],
  [
    "tried in vain with other bits",
    vp9,
    { refused: [{ stage: "decode", codec: "vp9", bit_depth: 10, why: "ffmpeg hung" }] },
    "not proven",
  ],
  ["a codec without Vulkan", { codec: "mpeg2video", profile: "Main" }, {}, "no GPU decodes mpeg2video"],
  ["interlaced", INTERLACED, {}, "interlaced"],
  ["to be turned", { rotation: 90 }, {}, "turned upright"],
  ["4:2:2", { chroma: "422", pixel_format: "yuv422p" }, {}, "pictures are yuv422p"],
  ["RGB", { chroma: "rgb", pixel_format: "gbrp" }, {}, "pictures are gbrp"],
  ["as large as may be", { width: 4096, height: 2304 }, { decode }, null],
  ["too wide", { width: 4098, height: 2304 }, { decode }, "above 4096x2304"],
  ["too high", { width: 4096, height: 2306 }, { decode }, "above 4096x2304"],
  ["as small as may be", { width: 160, height: 64 }, { decode }, null],
  ["too small", { width: 158, height: 64 }, { decode }, "below 160x64"],
];
test.each(rows)("%s", (_name, film, gpu, why) => {
  const found = whyNotDecode(videoStream(film), gpuRecord(gpu));
  expect(found).toEqual(why === null ? null : expect.stringContaining(why));
});
