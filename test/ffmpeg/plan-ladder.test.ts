import { describe, expect, test } from "bun:test";
import { FAMILIES } from "../../src/ffmpeg/encoders/families.ts";
import { ladder } from "../../src/ffmpeg/plan-ladder.ts";
import type { Capabilities, ProvenEncoder, RefusedEncoder } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import {
  CPU_ONLY,
  type FamilyName,
  type Gpu,
  type GpuUse,
  NO_DEVICE_OPTIONS,
  rungKey,
} from "../../src/shared/gpu.ts";
import type { VideoStream } from "../../src/shared/media.ts";
import { gpuRecord } from "./gpu-record.ts";
import { hdrStream } from "./hdr-records.ts";
import { capabilities, conversion, encodeLimits, gpuUse, INTERLACED, videoStream } from "./records.ts";

const card = gpuRecord();

function proven(
  family: FamilyName,
  codec: string,
  encoder: string,
  changes: Partial<ProvenEncoder> = {},
): ProvenEncoder {
  const rest = { ten_bit: true, device: card.id, open: NO_DEVICE_OPTIONS, limits: null };
  return { family, codec, encoder, ...rest, ...changes };
}

function refused(family: FamilyName, codec: string, encoder: string, device: string | null): RefusedEncoder {
  return { family, codec, encoder, device, why: `this ffmpeg has no ${encoder}` };
}

/** A machine with the card, on which the given encoders were proven beside those of the CPU. */
function machine(encoders: ProvenEncoder[], changes: Partial<Capabilities> = {}): Capabilities {
  const plain = capabilities();
  return { ...plain, gpus: [card], encoders: [...plain.encoders, ...encoders], ...changes };
}

const VULKAN = [
  proven("vulkan", "h264", "h264_vulkan", { ten_bit: false, limits: encodeLimits() }),
  proven("vulkan", "hevc", "hevc_vulkan", { limits: encodeLimits() }),
  proven("vulkan", "ffv1", "ffv1_vulkan"),
  proven("vulkan", "prores", "prores_ks_vulkan"),
];

type Film = {
  film?: Partial<VideoStream>;
  wanted?: Partial<Conversion>;
  on?: Capabilities;
  gpu?: Partial<GpuUse>;
};

/** Rungs such as `vulkan vulkan h264_vulkan (uuid-1)`, and after the last the reasons why others are missing. */
function climb({ film = {}, wanted = {}, on = machine(VULKAN), gpu = {} }: Film) {
  const result = ladder({
    film: videoStream(film),
    conversion: conversion(wanted),
    capabilities: on,
    gpu: gpuUse(gpu),
  });
  if ("refusal" in result) return { refusal: result.refusal.message };
  const rungs = result.steps.map(({ rung }) => {
    const device = rung.device === null ? "" : ` (${rung.device.id})`;
    return `${rung.decode} ${rung.filter} ${rung.encoder}${device}`;
  });
  const whys = result.steps.at(-1)?.passed_over.map(({ family, why }) => `${family}: ${why}`) ?? [];
  return { rungs, whys, notes: result.steps[0]?.notes ?? [] };
}

const HD = { width: 1280, height: 720 };
const SMALL = { width: 640, height: 360 };
const ten = { codec: "hevc", profile: "Main 10", bit_depth: 10, pixel_format: "yuv420p10le" };

describe("the rungs, best first, and why others are missing", () => {
  const rows: [string, Film, string[], string[]][] = [
    [
      "all on the GPU, then without its decoder, then the CPU with its help, then alone",
      { wanted: { target_resolution: HD } },
      [
        "vulkan vulkan h264_vulkan (uuid-1)",
        "cpu vulkan h264_vulkan (uuid-1)",
        "vulkan vulkan libx264 (uuid-1)",
        "vulkan cpu libx264 (uuid-1)",
        "cpu cpu libx264",
      ],
      [],
    ],
    [
      "nothing to scale: the stage is where the pictures are",
      {},
      [
        "vulkan vulkan h264_vulkan (uuid-1)",
        "cpu vulkan h264_vulkan (uuid-1)",
        "vulkan cpu libx264 (uuid-1)",
        "cpu cpu libx264",
      ],
      [],
    ],
    [
      "10 bits stay 10",
      { film: ten, wanted: { codec: "hevc", target_resolution: HD } },
      [
        "vulkan vulkan hevc_vulkan (uuid-1)",
        "cpu vulkan hevc_vulkan (uuid-1)",
        "vulkan vulkan libx265 (uuid-1)",
        "vulkan cpu libx265 (uuid-1)",
        "cpu cpu libx265",
      ],
      [],
    ],
    [
      "10 bits that become 8 do so on the CPU, before or after",
      { film: ten, wanted: { target_resolution: HD } },
      ["cpu vulkan h264_vulkan (uuid-1)", "vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
      ["vulkan: scale through Vulkan: the film's 10 bits a sample become 8"],
    ],
    [
      "the card's driver encodes nothing",
      {
        wanted: { target_resolution: HD },
        on: machine([], { refused: [refused("vulkan", "h264", "h264_vulkan", card.id)] }),
      },
      ["vulkan vulkan libx264 (uuid-1)", "vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
      ["vulkan: h264_vulkan: this ffmpeg has no h264_vulkan"],
    ],
    [
      "interlaced",
      { film: INTERLACED, wanted: { target_resolution: HD } },
      ["cpu cpu h264_vulkan (uuid-1)", "cpu cpu libx264"],
      [
        "vulkan: decode through Vulkan: the film is interlaced, or says so",
        "vulkan: scale through Vulkan: the film is interlaced, or says so",
      ],
    ],
    [
      "to less than half its size",
      { wanted: { target_resolution: SMALL } },
      ["cpu cpu h264_vulkan (uuid-1)", "vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
      ["vulkan: scale through Vulkan: to less than half its size only the CPU scales well"],
    ],
    [
      "a codec that the card does not decode",
      {
        film: { codec: "av1", profile: "Main" },
        wanted: { target_resolution: HD },
        on: machine(VULKAN, {
          gpus: [
            gpuRecord({
              refused: [{ stage: "decode", codec: "av1", bit_depth: 8, why: "the driver decodes no av1" }],
            }),
          ],
        }),
      },
      ["cpu vulkan h264_vulkan (uuid-1)", "cpu cpu libx264"],
      ["vulkan: decode through Vulkan: the driver decodes no av1"],
    ],
    [
      "scaling that was not proven",
      {
        wanted: { target_resolution: HD },
        on: machine(VULKAN, {
          gpus: [
            gpuRecord({
              scale: [10],
              refused: [{ stage: "scale", codec: null, bit_depth: 8, why: "green pictures" }],
            }),
          ],
        }),
      },
      ["cpu cpu h264_vulkan (uuid-1)", "vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
      ["vulkan: scale through Vulkan: green pictures"],
    ],
    [
      "larger than the driver encodes",
      {
        film: { width: 7680, height: 4320 },
        on: machine(VULKAN),
      },
      ["vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
      ["vulkan: h264_vulkan: takes no picture above 4096x4096"],
    ],
    [
      "smaller than the driver encodes",
      { film: { width: 48, height: 36 } },
      ["vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
      ["vulkan: h264_vulkan: takes no picture below 64x64"],
    ],
    [
      "FFV1 takes no pictures as decoders give them",
      { film: { width: 640, height: 512 }, wanted: { codec: "ffv1", container: "mkv" } },
      ["cpu vulkan ffv1_vulkan (uuid-1)", "vulkan cpu ffv1 (uuid-1)", "cpu cpu ffv1"],
      ["vulkan: decode through Vulkan: ffv1_vulkan takes no pictures as GPUs decode them"],
    ],
    [
      "FFV1 in a size that its shader does not take",
      { wanted: { codec: "ffv1", container: "mkv" } },
      ["vulkan cpu ffv1 (uuid-1)", "cpu cpu ffv1"],
      ["vulkan: ffv1_vulkan: takes such pictures only with sides that are multiples of 128 and 128"],
    ],
    [
      "FFV1 with all its colours in any size",
      { film: { chroma: "444", pixel_format: "yuv444p" }, wanted: { codec: "ffv1", container: "mkv" } },
      ["cpu vulkan ffv1_vulkan (uuid-1)", "cpu cpu ffv1"],
      ["vulkan: decode through Vulkan: the film's pictures are yuv444p, not 4:2:0"],
    ],
    [
      "ProRes from 8 bits: what is scaled has 10 by then",
      { wanted: { codec: "prores", container: "mkv", target_resolution: HD } },
      ["cpu vulkan prores_ks_vulkan (uuid-1)", "vulkan cpu prores_ks (uuid-1)", "cpu cpu prores_ks"],
      [
        "vulkan: decode through Vulkan: prores_ks_vulkan takes no pictures as GPUs decode them",
        "vulkan: scale through Vulkan: the film's 8 bits a sample become 10",
      ],
    ],
  ];
  test.each(rows)("%s", (_name, of, rungs, whys) => {
    expect(climb(of)).toEqual({ rungs, whys, notes: [] });
  });
});

describe("the GPU that the attempt was given", () => {
  const none = { device: null, no_device: "all 2 slots of Card are taken" };
  const nvenc = proven("nvenc", "h264", "h264_nvenc", { ten_bit: false });
  const rows: [string, Film, string[], string[]][] = [
    ["none, by default", { gpu: { ...CPU_ONLY } }, ["cpu cpu libx264"], []],
    ["none is free", { gpu: none }, ["cpu cpu libx264"], ["vulkan: all 2 slots of Card are taken"]],
    [
      "none is free, and only the CPU was to encode",
      { gpu: { ...none, families: ["software"] } },
      ["cpu cpu libx264"],
      ["vulkan: all 2 slots of Card are taken"],
    ],
    [
      "switched off",
      { gpu: { use_vulkan: false, device: null } },
      ["cpu cpu libx264"],
      ["vulkan: it is switched off (ffmpeg.use_vulkan)"],
    ],
    [
      "gone since it was given",
      { gpu: { device: "other" } },
      ["cpu cpu libx264"],
      ["vulkan: its GPU is not there any more"],
    ],
    [
      "a second card, on which Vulkan encodes nothing",
      {
        on: machine(VULKAN, { gpus: [card, gpuRecord({ id: "uuid-2", decode: [], scale: [] })] }),
        gpu: { device: "uuid-2" },
      },
      ["cpu cpu libx264"],
      [
        "vulkan: h264_vulkan: it was proven only on another GPU",
        "vulkan: decode through Vulkan: h264 with 8 bits was not proven on Card",
      ],
    ],
    [
      "the vendor's encoder on it",
      { on: machine([nvenc]), wanted: { target_resolution: HD } },
      [
        "vulkan vulkan h264_nvenc (uuid-1)",
        "vulkan cpu h264_nvenc (uuid-1)",
        "cpu cpu h264_nvenc (uuid-1)",
        "vulkan vulkan libx264 (uuid-1)",
        "vulkan cpu libx264 (uuid-1)",
        "cpu cpu libx264",
      ],
      [],
    ],
    [
      "the vendor's encoder, but its GPU is not free",
      { on: machine([nvenc]), gpu: none },
      ["cpu cpu libx264"],
      ["vulkan: all 2 slots of Card are taken", "nvenc: h264_nvenc: all 2 slots of Card are taken"],
    ],
    [
      "the vendor's encoder, which needs none",
      { on: machine([{ ...nvenc, device: null }]), gpu: { use_vulkan: false, ...none } },
      ["cpu cpu h264_nvenc", "cpu cpu libx264"],
      ["vulkan: all 2 slots of Card are taken"],
    ],
    [
      "another order",
      { gpu: { families: ["software", "vulkan"] } },
      [
        "vulkan cpu libx264 (uuid-1)",
        "cpu cpu libx264",
        "vulkan vulkan h264_vulkan (uuid-1)",
        "cpu vulkan h264_vulkan (uuid-1)",
      ],
      [],
    ],
  ];
  test.each(rows)("%s", (_name, of, rungs, whys) => {
    expect(climb(of)).toEqual({ rungs, whys, notes: [] });
  });
});

test("a rung that failed lately is left out, the others are not", () => {
  const rung = {
    device: { id: card.id, driver: card.driver },
    ...({ decode: "vulkan", filter: "vulkan", family: "vulkan", encoder: "h264_vulkan" } as const),
    ...{ source_codec: "h264", source_bit_depth: 8 },
  };
  const suspects = [{ rung: rungKey(rung), why: "ffmpeg hung" }];
  expect(climb({ gpu: { suspects } })).toEqual({
    rungs: ["cpu vulkan h264_vulkan (uuid-1)", "vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
    whys: ["vulkan: decode vulkan, scale vulkan, h264_vulkan: it failed lately (ffmpeg hung)"],
    notes: [],
  });
});

test("every rung knows only of those above it", () => {
  const result = ladder({
    film: videoStream(INTERLACED),
    conversion: conversion(),
    capabilities: machine(VULKAN),
    gpu: gpuUse({ families: ["software", "vulkan"] }),
  });
  expect(result).toMatchObject({
    steps: [
      { rung: { family: "software" }, passed_over: [{ why: expect.stringContaining("decode") }] },
      {
        rung: { family: "vulkan" },
        passed_over: [{ why: expect.stringContaining("decode") }, { why: expect.stringContaining("scale") }],
      },
    ],
  });
});

describe("bits a sample", () => {
  const eight = machine(VULKAN.map((one) => ({ ...one, ten_bit: false })));
  const on = { ...eight, encoders: eight.encoders.map((one) => ({ ...one, ten_bit: false })) };
  test("8 with a note, on the whole ladder, where no encoder takes the film's 10", () => {
    expect(climb({ film: ten, wanted: { codec: "hevc" }, on })).toMatchObject({
      rungs: ["cpu vulkan hevc_vulkan (uuid-1)", "vulkan cpu libx265 (uuid-1)", "cpu cpu libx265"],
      notes: [expect.stringContaining("became 8")],
    });
  });
  test("refused where only a family can that ffmpeg.encoders leaves out, which is the advice then", () => {
    const wanted = { codec: "hevc", bit_depth: 10 } as const;
    const { refusal } = climb({ film: ten, wanted, on: machine(VULKAN), gpu: { families: ["nvenc"] } });
    expect(refusal).toEndWith(" ffmpeg.encoders leaves out what can: add vulkan or software to it.");
  });
  test("refused where 10 were asked for", () => {
    const wanted = { codec: "hevc", bit_depth: 10 } as const;
    const { refusal } = climb({ film: ten, wanted, on });
    expect(refusal).toBe(
      "This worker cannot encode hevc with 10 bits (hevc_vulkan: no 10 bits; libx265: no 10 bits). Install an ffmpeg that can.",
    );
  });
  test("an encoder that nobody tried is not talked of", () => {
    const { refusal } = climb({ wanted: { codec: "av1" }, on: { ...on, encoders: [] } });
    expect(refusal).toContain("av1 (no encoder of it was proven)");
  });
});

test("every encoder of a family can be planned with", () => {
  for (const { family, encoders } of FAMILIES) {
    for (const { codec, encoder } of encoders) {
      const only = proven(family, codec, encoder);
      const on = { ...capabilities(), gpus: [card], encoders: [only] };
      expect(
        climb({ on, wanted: { codec, container: "mkv" }, film: { width: 1280, height: 1024 } }),
      ).toHaveProperty("rungs");
    }
  }
});
describe("HDR", () => {
  const mapper = gpuRecord({ tone_map: [8, 10] });
  const hdr = { ...hdrStream(), width: 1920, height: 1080 };
  const on = (gpu: Gpu, encoders = VULKAN, changes: Partial<Capabilities> = {}) =>
    machine(encoders, { gpus: [gpu], ...changes });
  const rows: [string, Film, string[], string[]][] = [
    [
      "becomes SDR on the GPU where that was proven",
      { film: hdr, on: on(mapper) },
      [
        "vulkan vulkan h264_vulkan (uuid-1)",
        "cpu vulkan h264_vulkan (uuid-1)",
        "vulkan vulkan libx264 (uuid-1)",
        "vulkan cpu libx264 (uuid-1)",
        "cpu vulkan libx264 (uuid-1)",
        "cpu cpu libx264",
      ],
      [],
    ],
    [
      "becomes SDR on the CPU elsewhere",
      { film: hdr },
      ["cpu cpu h264_vulkan (uuid-1)", "vulkan cpu libx264 (uuid-1)", "cpu cpu libx264"],
      ["vulkan: scale through Vulkan: HDR to SDR: it was not proven on Card"],
    ],
    [
      "does not become SDR before encoders that take no pictures as GPUs make them",
      {
        film: { ...hdr, width: 1280, height: 768 },
        on: on(mapper),
        wanted: { codec: "ffv1", container: "mkv", hdr: "tonemap" },
      },
      [
        "cpu cpu ffv1_vulkan (uuid-1)",
        "vulkan vulkan ffv1 (uuid-1)",
        "vulkan cpu ffv1 (uuid-1)",
        "cpu vulkan ffv1 (uuid-1)",
        "cpu cpu ffv1",
      ],
      [
        "vulkan: decode through Vulkan: ffv1_vulkan takes no pictures as GPUs decode them",
        "vulkan: scale through Vulkan: ffv1_vulkan takes no pictures as GPUs decode them",
      ],
    ],
    [
      "stays with encoders that write its metadata",
      { film: hdr, wanted: { codec: "hevc" } },
      ["vulkan cpu libx265 (uuid-1)", "cpu cpu libx265"],
      ["vulkan: hevc_vulkan was not seen to write HDR's metadata"],
    ],
    [
      "stays with all encoders that were seen to",
      {
        film: hdr,
        wanted: { codec: "hevc" },
        on: on(card, [proven("vulkan", "hevc", "hevc_vulkan", { limits: encodeLimits(), hdr: true })]),
      },
      [
        "vulkan vulkan hevc_vulkan (uuid-1)",
        "cpu vulkan hevc_vulkan (uuid-1)",
        "vulkan cpu libx265 (uuid-1)",
        "cpu cpu libx265",
      ],
      [],
    ],
    [
      "without metadata needs no such encoder",
      { film: { ...hdr, hdr: null }, wanted: { codec: "hevc" } },
      [
        "vulkan vulkan hevc_vulkan (uuid-1)",
        "cpu vulkan hevc_vulkan (uuid-1)",
        "vulkan cpu libx265 (uuid-1)",
        "cpu cpu libx265",
      ],
      [],
    ],
  ];
  test.each(rows)("%s", (_name, of, rungs, whys) => {
    expect(climb(of)).toEqual({ rungs, whys, notes: [] });
  });

  test("is not mapped by a GPU whose work nobody here could judge", () => {
    const { tone_map: _, ...blind } = on(mapper);
    expect(climb({ film: hdr, on: blind }).refusal).toContain("it was never tried");
  });
});
