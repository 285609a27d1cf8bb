import { expect, test } from "bun:test";
import { args, commandLine } from "../../src/ffmpeg/args.ts";
import { explain } from "../../src/ffmpeg/explain.ts";
import { settingOf, withQuality } from "../../src/ffmpeg/quality-setting.ts";
import type { ProvenEncoder } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { NO_DEVICE_OPTIONS } from "../../src/shared/gpu.ts";
import { bestPlan, capabilities, conversion, gpuUse, media } from "./records.ts";

const WISH = { measure: "vmaf", score: 95 } as const;

/** Planned for one encoder that this machine is said to have. */
function plannedBy(
  proven: Pick<ProvenEncoder, "family" | "codec" | "encoder">,
  changes: Partial<Conversion>,
) {
  const encoder = { ...proven, ten_bit: true, device: null, open: NO_DEVICE_OPTIONS, limits: null };
  return bestPlan({
    media: media(),
    conversion: conversion({ codec: proven.codec as Conversion["codec"], container: "mkv", ...changes }),
    capabilities: { ...capabilities(), encoders: [encoder] },
    gpu: gpuUse({ families: [proven.family] }),
  });
}

const command = (plan: ReturnType<typeof plannedBy>) =>
  commandLine("ffmpeg", args(plan, { source: "/s.mkv", target: "/t.mkv" })).join(" ");

test("each encoder is told of a quality on its own scale, and of a ceiling beside it where it keeps both", () => {
  const table: [ProvenEncoder["family"], string, string, string, string | null][] = [
    ["software", "h264", "libx264", "crf 30", "-crf 30 -maxrate 2000000 -bufsize 4000000"],
    ["software", "hevc", "libx265", "crf 35", "-crf 35 -maxrate 2000000 -bufsize 4000000"],
    ["software", "av1", "libsvtav1", "crf 42", "-crf 42 -maxrate 2000000 -bufsize 4000000"],
    ["software", "av1", "libaom-av1", "crf 37", null],
    ["nvenc", "h264", "h264_nvenc", "cq 30", "-cq 30 -b:v 0 -maxrate 2000000 -bufsize 4000000"],
    ["vaapi", "hevc", "hevc_vaapi", "qp 30", null],
    ["qsv", "h264", "h264_qsv", "global_quality 30", null],
    ["amf", "h264", "h264_amf", "qp_i 30", null],
    ["videotoolbox", "h264", "h264_videotoolbox", "q 41", null],
  ];
  for (const [family, codec, encoder, setting, capped] of table) {
    const of = { family, codec, encoder };
    const free = withQuality(plannedBy(of, { quality: WISH }), 30);
    expect([encoder, settingOf(free), free.video.wish]).toEqual([encoder, setting, WISH]);
    const below = withQuality(plannedBy(of, { quality: WISH, bitrate: 2_000_000 }), 30);
    if (capped !== null) expect(command(below)).toContain(capped);
    else {
      // The ceiling holds, and people are told what that costs.
      expect(below.video.rate).toEqual({ kind: "bit_rate", bit_rate: 2_000_000 });
      expect(below.notes.join()).toContain(`${encoder} cannot keep a quality and a ceiling at once`);
    }
  }
});

test("a number below a ceiling stays what it was: the ceiling decides", () => {
  const of = { family: "software", codec: "h264", encoder: "libx264" } as const;
  const plan = plannedBy(of, { quality: 23, bitrate: 2_000_000 });
  expect(plan.video).toMatchObject({ rate: { kind: "bit_rate", bit_rate: 2_000_000 }, wish: null });
});

test("codecs without a scale say that there is nothing to search", () => {
  for (const [codec, encoder, why] of [
    ["ffv1", "ffv1", "ffv1 keeps every sample"],
    ["prores", "prores_ks", "prores has no scale of quality"],
  ] as const) {
    const plan = plannedBy({ family: "software", codec, encoder }, { quality: WISH });
    expect(plan.video.wish).toBeNull();
    expect(plan.notes.join()).toContain(why);
    expect(settingOf(plan)).toBe("");
  }
});

test("a plan says that its quality is to be searched for", () => {
  const settings = conversion({ quality: WISH, bitrate: 3_000_000 });
  const film = media();
  const [video] = explain({
    media: film,
    conversion: settings,
    plan: bestPlan({ media: film, conversion: settings }),
  }).streams;
  expect(video?.becomes).toContain("quality searched for vmaf 95, at most 3000 kbit/s");
});
