import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { args } from "../../src/ffmpeg/args.ts";
import { FAMILIES } from "../../src/ffmpeg/encoders/families.ts";
import { plan } from "../../src/ffmpeg/plan.ts";
import type { ProvenEncoder } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { FamilyName, Gpu } from "../../src/shared/gpu.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { run } from "../support/processes.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { gpuRecord } from "./gpu-record.ts";
import { convert, temporaryFolder } from "./machine.ts";
import { capabilities, conversion, gpuUse, INTERLACED, media, videoStream } from "./records.ts";

const nvidia = gpuRecord({ index: 2 });
const intel = gpuRecord({ index: 0, vendor_id: 0x8086, pci_address: "0000:00:02.0" });

/** The encoder as it was proven on that card. */
function provenOn(gpu: Gpu, family: FamilyName, encoder: string): ProvenEncoder {
  const record = FAMILIES.find((one) => one.family === family);
  const codec = record?.encoders.find((one) => one.encoder === encoder)?.codec;
  const open = record?.device({ gpu: family === "software" ? null : gpu, os: "linux" });
  if (codec === undefined || !open) throw new Error(`no ${encoder} in ${family}`);
  return {
    family,
    codec,
    encoder,
    ten_bit: true,
    device: family === "software" ? null : gpu.id,
    open,
    limits: null,
  };
}

/** What stands before `-i` of the devices, and the filters, of each rung. */
function rungs(of: {
  gpu?: Gpu;
  encoders: [FamilyName, string][];
  film?: Partial<VideoStream>;
  wanted?: Partial<Conversion>;
  validation?: boolean;
}): string[][] {
  const { gpu = nvidia } = of;
  const result = plan({
    media: media({ video: [videoStream(of.film)] }),
    conversion: conversion(of.wanted),
    capabilities: {
      ...capabilities(),
      gpus: [gpu],
      encoders: of.encoders.map(([family, encoder]) => provenOn(gpu, family, encoder)),
    },
    gpu: gpuUse({ ...(of.validation === undefined ? {} : { validation: of.validation }) }),
  });
  if ("refusal" in result) throw new Error(result.refusal.message);
  return result.ladder.map((one) => {
    const { input, output } = args(one, { source: "in", target: "out" });
    const devices = input.slice(input.indexOf("67108864") + 1).join(" ");
    return [devices, output[output.indexOf("-filter:v:0") + 1] ?? ""];
  });
}

const HD = { target_resolution: { width: 1280, height: 720 } };
const DECODE = "-hwaccel vulkan -hwaccel_device vk -hwaccel_output_format vulkan -threads 1";
const VK = "-init_hw_device vulkan=vk:2";
const ten = { codec: "hevc", profile: "Main 10", bit_depth: 10, pixel_format: "yuv420p10le" };
const bt709 = { primaries: "bt709", transfer: "bt709", matrix: "bt709", range: "tv" };
const BT709 = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv";

describe("devices and filters of every rung", () => {
  const rows: [string, Parameters<typeof rungs>[0], [string, string][]][] = [
    [
      "encoded through Vulkan",
      { encoders: [["vulkan", "h264_vulkan"]], wanted: HD, film: { color: bt709 } },
      [
        [`${VK} -filter_hw_device vk ${DECODE}`, `scale_vulkan=w=1280:h=720,setsar=1,${BT709}`],
        [`${VK} -filter_hw_device vk`, `format=nv12,hwupload,scale_vulkan=w=1280:h=720,setsar=1,${BT709}`],
      ],
    ],
    [
      "encoded through Vulkan with 10 bits, in its own size",
      { encoders: [["vulkan", "hevc_vulkan"]], wanted: { codec: "hevc" }, film: ten },
      [
        [`${VK} -filter_hw_device vk ${DECODE}`, "setsar=1,setparams=range=tv"],
        [`${VK} -filter_hw_device vk`, "format=p010le,hwupload,setsar=1,setparams=range=tv"],
      ],
    ],
    [
      "filtered on the CPU, encoded through Vulkan",
      { encoders: [["vulkan", "h264_vulkan"]], film: INTERLACED },
      [
        [
          `${VK} -filter_hw_device vk`,
          "bwdif=mode=send_frame:parity=tff:deint=all,setfield=prog,scale=1920:1080:flags=bicubic:out_range=tv,setsar=1,format=nv12,hwupload,setparams=range=tv",
        ],
      ],
    ],
    [
      "encoded on the CPU",
      { encoders: [["software", "libx264"]], wanted: HD },
      [
        [`${VK} ${DECODE}`, "scale_vulkan=w=1280:h=720,hwdownload,format=nv12,setsar=1,format=yuv420p"],
        [
          `${VK} ${DECODE}`,
          "hwdownload,format=nv12,scale=1280:720:flags=bicubic:out_range=tv,setsar=1,format=yuv420p",
        ],
        ["", "scale=1280:720:flags=bicubic:out_range=tv,setsar=1,format=yuv420p"],
      ],
    ],
    [
      "10 bits that become 8 on the CPU",
      { encoders: [["software", "libx264"]], film: ten },
      [
        [
          `${VK} ${DECODE}`,
          "hwdownload,format=p010le,scale=1920:1080:flags=bicubic:out_range=tv,setsar=1,format=yuv420p",
        ],
        ["", "scale=1920:1080:flags=bicubic:out_range=tv,setsar=1,format=yuv420p"],
      ],
    ],
    [
      "NVENC, whose device is made from Vulkan's",
      { encoders: [["nvenc", "h264_nvenc"]] },
      [
        [
          `${VK} -init_hw_device cuda=cu@vk ${DECODE}`,
          "hwdownload,format=nv12,scale=1920:1080:flags=bicubic:out_range=tv,setsar=1,format=nv12",
        ],
        [
          `${VK} -init_hw_device cuda=cu@vk`,
          "scale=1920:1080:flags=bicubic:out_range=tv,setsar=1,format=nv12",
        ],
      ],
    ],
    [
      "VA-API, which has pictures of its own",
      { gpu: intel, encoders: [["vaapi", "hevc_vaapi"]], wanted: { codec: "hevc", ...HD }, film: ten },
      [
        [
          `-init_hw_device vulkan=vk:0 -init_hw_device vaapi=va:/dev/dri/by-path/pci-0000:00:02.0-render -filter_hw_device va ${DECODE}`,
          "scale_vulkan=w=1280:h=720,hwdownload,format=p010le,setsar=1,format=p010le,hwupload",
        ],
        [
          `-init_hw_device vulkan=vk:0 -init_hw_device vaapi=va:/dev/dri/by-path/pci-0000:00:02.0-render -filter_hw_device va ${DECODE}`,
          "hwdownload,format=p010le,scale=1280:720:flags=bicubic:out_range=tv,setsar=1,format=p010le,hwupload",
        ],
        [
          "-init_hw_device vaapi=va:/dev/dri/by-path/pci-0000:00:02.0-render -filter_hw_device va",
          "scale=1280:720:flags=bicubic:out_range=tv,setsar=1,format=p010le,hwupload",
        ],
      ],
    ],
    [
      "watched by the validation layer",
      {
        encoders: [["vulkan", "prores_ks_vulkan"]],
        wanted: { codec: "prores", container: "mkv" },
        validation: true,
      },
      [[`${VK},debug=1 -filter_hw_device vk`, "format=yuv422p10le,hwupload,setsar=1,setparams=range=tv"]],
    ],
    [
      "lossless with its own range",
      {
        encoders: [["software", "ffv1"]],
        wanted: { codec: "ffv1", container: "mkv" },
        film: { chroma: "422", pixel_format: "yuvj422p", color: { ...bt709, range: "pc" } },
      },
      [
        [
          "",
          `setparams=colorspace=bt709,scale=1920:1080:flags=bicubic:out_range=pc,setsar=1,format=yuv422p,${BT709.replace("=tv", "=pc")}`,
        ],
      ],
    ],
  ];
  test.each(rows)("%s", (_name, of, expected) => {
    expect(rungs(of)).toEqual(expected);
  });
});

type Source = { size: string; filter: string; output: string[] };

/** Half a second of a moving picture, as ffmpeg's H.264 or FFV1. */
async function makeSource(folder: string, { size, filter, output }: Source): Promise<string> {
  const path = join(folder, "source.mkv");
  const picture = ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=25:d=0.4`, "-vf", filter];
  const made = await run({
    cmd: ["ffmpeg", "-v", "error", "-y", ...picture, ...output, path],
    cwd: folder,
    env: { PATH: process.env.PATH ?? "" },
  });
  expect(made).toMatchObject({ exit: 0 });
  return path;
}

const x264 = ["-c:v", "libx264", "-preset", "ultrafast"];
const plain: Source = { size: "512x256", filter: "format=yuv420p", output: x264 };
const sources: Record<string, Source> = {
  plain,
  "10 bits": { ...plain, filter: "format=yuv420p10le" },
  "4:2:2": { ...plain, filter: "format=yuv422p" },
  "4:4:4 in a size of its own": { ...plain, size: "322x242", filter: "format=yuv444p" },
  "full range": { ...plain, filter: "scale=out_range=pc,format=yuvj420p" },
  RGB: { ...plain, filter: "format=rgb24", output: ["-c:v", "libx264rgb", "-preset", "ultrafast"] },
  "tagged bt709": {
    ...plain,
    filter: "scale=out_color_matrix=bt709,format=yuv420p",
    output: [...x264, "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"],
  },
  interlaced: {
    ...plain,
    filter: "tinterlace=interleave_top,setfield=tff,scale=512:256,format=yuv420p",
    output: [...x264, "-flags", "+ildct+ilme", "-x264opts", "tff=1"],
  },
};

describe("films really become what was planned, by their pictures, on Mesa's Vulkan on the CPU:", () => {
  const half = { target_resolution: { width: 256, height: 128 } };
  const llvmpipe = gpuRecord({ id: "llvmpipe", index: 0, name: "llvmpipe", type: "cpu", decode: [] });
  const shaders: [FamilyName, string][] = [
    ["vulkan", "ffv1_vulkan"],
    ["vulkan", "prores_ks_vulkan"],
  ];
  const rows: [string, string, Partial<Conversion>, string, long?: string | null][] = [
    ["plain", "ffv1", {}, "cpu vulkan yuv420p"],
    ["plain", "prores", half, "cpu vulkan yuv422p10le"],
    ["10 bits", "ffv1", half, "cpu vulkan yuv420p10le"],
    ["4:2:2", "ffv1", {}, "cpu vulkan yuv422p", unlessFull],
    ["4:4:4 in a size of its own", "ffv1", {}, "cpu vulkan yuv444p"],
    ["full range", "ffv1", {}, "cpu vulkan yuv420p", unlessFull],
    ["full range", "prores", half, "cpu cpu yuv422p10le"],
    ["tagged bt709", "prores", half, "cpu vulkan yuv422p10le", unlessFull],
    ["interlaced", "prores", half, "cpu cpu yuv422p10le"],
  ];
  for (const [name, codec, changes, expected, long = null] of rows) {
    testOr(
      noNewer ?? long,
      `${name} to ${codec}`,
      async () => {
        const folder = await temporaryFolder();
        const source = await makeSource(folder.path, sources[name] ?? plain);
        const tools = { path: newer?.ffmpeg ?? "", ffprobe_path: newer?.ffprobe ?? "" };
        const encoders = shaders.map(([family, encoder]) => provenOn(llvmpipe, family, encoder));
        const result = await convert(
          { source, target: join(folder.path, "made.mkv") },
          { codec: codec === "ffv1" ? "ffv1" : "prores", container: "mkv", verify: "full", ...changes },
          {
            capabilities: {
              ffmpeg: { ...tools, version: "9.0", major: 9 },
              gpus: [llvmpipe],
              encoders,
              refused: [],
            },
            gpu: gpuUse({ device: "llvmpipe", use_vulkan: true }),
          },
        );
        const { plan: ran, command } = result.report;
        const format = /format=(yuv\w+)/.exec(command?.find((one) => one.includes("hwupload")) ?? "")?.[1];
        expect({ ...result, ran: `${ran?.decode} ${ran?.filter} ${format}` }).toMatchObject({
          outcome: "done",
          ran: expected,
        });
        await folder.remove();
      },
      180_000,
    );
  }
});

describe("and on the CPU:", () => {
  for (const [name, codec, encoder] of [
    ["4:2:2", "ffv1", "ffv1"],
    ["full range", "ffv1", "ffv1"],
    ["plain", "prores", "prores_ks"],
  ] as const) {
    test(`${name} to ${codec}`, async () => {
      const folder = await temporaryFolder();
      const source = await makeSource(folder.path, sources[name] ?? plain);
      const files = { source, target: join(folder.path, "made.mkv") };
      const result = await convert(files, { codec, container: "mkv", verify: "full" });
      expect(result).toMatchObject({ outcome: "done", report: { plan: { encoder, device: null } } });
      await folder.remove();
    }, 180_000);
  }
});
