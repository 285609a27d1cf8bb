import { describe, expect, test } from "bun:test";
import { FAMILIES } from "../../../src/ffmpeg/encoders/families.ts";
import type { Encoder, EncoderSettings, RateControl } from "../../../src/ffmpeg/encoders/family.ts";
import { PRESETS } from "../../../src/shared/conversion.ts";
import { type EncodeLimits, FAMILY_NAMES, type FamilyName, type Gpu } from "../../../src/shared/gpu.ts";
import { newer, noNewer } from "../../support/newer-ffmpeg.ts";
import { testOr } from "../../support/test-or.ts";
import { gpuRecord } from "../gpu-record.ts";
import { encodeLimits } from "../records.ts";
import { encoderOptions, generalOptions, type OptionList, wrongOptions } from "./option-list.ts";

const ENCODERS = FAMILIES.flatMap(({ encoders }) => encoders);

test("every family is there, in the order in which they are tried", () => {
  expect(FAMILIES.map(({ family }) => family)).toEqual([...FAMILY_NAMES]);
});

const RATES: RateControl[] = [
  ...Array.from({ length: 52 }, (_, quality) => ({ kind: "quality" as const, quality })),
  ...[100_000, 5_000_000, 60_000_000].map((bit_rate) => ({ kind: "bit_rate" as const, bit_rate })),
];

const LIMITS: (EncodeLimits | null)[] = [
  null,
  encodeLimits(),
  encodeLimits({ rate_control: ["constant_qp", "cbr"], min_qp: 10, max_qp: 40, max_bitrate: 50_000_000 }),
  encodeLimits({ rate_control: [], max_bitrate: 0 }),
];

/** Everything that an encoder can ever be asked for. */
function everything({ formats }: Encoder): EncoderSettings[] {
  const depths = [...new Set(formats.map(({ bit_depth }) => bit_depth))];
  return depths.flatMap((bit_depth) =>
    LIMITS.flatMap((limits) =>
      PRESETS.flatMap((preset) =>
        RATES.map((rate) => ({ rate, preset, bit_depth, limits, frame_rate: { num: 25, den: 1 } })),
      ),
    ),
  );
}

/** The same wrong argument is told once. */
function allWrong(encoder: Encoder, lists: { own: OptionList; general: OptionList }): string[] {
  return [
    ...new Set(everything(encoder).flatMap((settings) => wrongOptions(encoder.options(settings), lists))),
  ];
}

const ffmpeg = process.env.VC_TEST_FFMPEG ?? "ffmpeg";
const programs = [...(Bun.which(ffmpeg) === null ? [] : [ffmpeg]), ...(newer === null ? [] : [newer.ffmpeg])];
const generals = programs.map((program) => ({ program, general: generalOptions(program) }));

describe("every option exists and every value is in its range, by what ffmpeg itself prints:", () => {
  for (const encoder of ENCODERS) {
    const lists = generals.flatMap(({ program, general }) => {
      const own = encoderOptions(program, encoder.encoder);
      return own === null ? [] : [{ own, general }];
    });
    const none = lists.length > 0 ? null : (noNewer ?? `no ffmpeg here has ${encoder.encoder}`);
    testOr(none, encoder.encoder, () => {
      expect(lists.flatMap((list) => allWrong(encoder, list))).toEqual([]);
    });
  }
});

test("what is wrong would be seen", () => {
  const own: OptionList = new Map([
    ["preset", { type: "int", min: 0, max: 2, names: ["slow"] }],
    ["params", { type: "string", min: 0, max: 0, names: [] }],
  ]);
  const general: OptionList = new Map([["b", { type: "int64", min: 0, max: 1000, names: [] }]]);
  const good = ["-preset", "slow", "-b:v", "1000", "-params", "a=b", "-preset", "2"];
  expect(wrongOptions(good, { own, general })).toEqual([]);
  const bad = [
    "-preset",
    "fast",
    "-b:v",
    "1001",
    "-crf",
    "23",
    "b",
    "1",
    "-preset",
    "",
    "-preset",
    "undefined",
  ];
  expect(wrongOptions(bad, { own, general })).toEqual([
    "-preset fast is out of range",
    "-b:v 1001 is out of range",
    "-crf does not exist",
    "b does not exist",
    "-preset  is out of range",
    "-preset undefined is out of range",
  ]);
  for (const { program, general: options } of generals) {
    const x264 = encoderOptions(program, "libx264") ?? new Map();
    const wrong = ["-b:v", "-1", "-x264opts", "a", "-aq-mode", "variance", "-aq-mode", "mad", "-g", "x"];
    expect(wrongOptions(wrong, { own: x264, general: options })).toEqual([
      "-b:v -1 is out of range",
      "-aq-mode mad is out of range",
      "-g x is out of range",
    ]);
  }
});

describe("a better quality never means a larger quantizer", () => {
  const scaled = ENCODERS.flatMap(({ encoder, formats, options }) => {
    const common = { preset: "medium" as const, bit_depth: formats[0]?.bit_depth ?? 8, limits: null };
    const values = RATES.flatMap((rate) => {
      if (rate.kind === "bit_rate") return [];
      const all = options({ ...common, rate, frame_rate: null });
      const at = all.findIndex((name) => /^-(crf|cq|qp|qp_p|q:v|global_quality:v)$/.test(name));
      return at === -1 ? [] : [Number(all[at + 1])];
    });
    return values.length === 0 ? [] : [[encoder, values] as const];
  });
  test.each(scaled)("%s", (encoder, values) => {
    const falling = encoder.endsWith("videotoolbox");
    expect([...values]).toEqual([...values].sort((a, b) => (falling ? b - a : a - b)));
    expect(new Set(values).size).toBeGreaterThan(45);
  });
});

describe("the bit rate is a ceiling for all that have one", () => {
  const rows = ENCODERS.filter(({ codec }) => codec !== "ffv1" && codec !== "prores");
  test.each(rows.map((encoder) => [encoder.encoder, encoder] as const))("%s", (name, { options }) => {
    const rate = { kind: "bit_rate", bit_rate: 1_000_000 } as const;
    const all = options({ rate, preset: "medium", bit_depth: 8, limits: null, frame_rate: null });
    // SVT-AV1 has a ceiling for constant quality only.
    expect(all[all.indexOf(name === "libsvtav1" ? "-b:v" : "-maxrate") + 1]).toBe("1000000");
  });
});

describe("how each is opened", () => {
  const nvidia = gpuRecord({ index: 3, pci_address: "0000:65:00.0" });
  const intel = gpuRecord({ vendor_id: 0x8086, pci_address: "0000:00:02.0" });
  const amd = gpuRecord({ vendor_id: 0x1002, pci_address: null });
  const rows: [FamilyName, string, Gpu | null, string | null][] = [
    ["vulkan", "linux", nvidia, "-init_hw_device vulkan=vk:3 -filter_hw_device vk | hwupload"],
    ["vulkan", "linux", null, null],
    ["nvenc", "linux", nvidia, "-init_hw_device vulkan=vk:3 -init_hw_device cuda=cu@vk | "],
    ["nvenc", "win32", null, " | "],
    ["nvenc", "linux", amd, null],
    ["nvenc", "darwin", null, null],
    [
      "qsv",
      "linux",
      intel,
      "-init_hw_device vaapi=va:/dev/dri/by-path/pci-0000:00:02.0-render -init_hw_device qsv=qs@va | ",
    ],
    ["qsv", "win32", intel, null],
    ["qsv", "win32", null, "-init_hw_device qsv=qs:hw_any | "],
    ["qsv", "linux", nvidia, null],
    ["qsv", "darwin", null, null],
    [
      "vaapi",
      "linux",
      intel,
      "-init_hw_device vaapi=va:/dev/dri/by-path/pci-0000:00:02.0-render -filter_hw_device va | hwupload",
    ],
    ["vaapi", "linux", amd, null],
    ["vaapi", "linux", null, "-init_hw_device vaapi=va -filter_hw_device va | hwupload"],
    ["vaapi", "linux", nvidia, null],
    ["vaapi", "win32", null, null],
    ["amf", "win32", null, " | "],
    ["amf", "win32", amd, null],
    ["amf", "darwin", null, null],
    ["videotoolbox", "darwin", null, " | "],
    ["videotoolbox", "linux", null, null],
    ["software", "linux", null, " | "],
  ];
  test.each(rows)("%s on %s", (name, os, gpu, expected) => {
    const opened = FAMILIES.find(({ family }) => family === name)?.device({ gpu, os }) ?? null;
    const text = opened === null ? null : `${opened.input.join(" ")} | ${opened.upload.join(" ")}`;
    expect(text).toBe(expected);
  });
});
