import { expect, test } from "bun:test";
import type { Foreseen } from "../../../src/roles/cli/plan-foresee.ts";
import { renderForeseen } from "../../../src/roles/cli/render-plan.ts";
import { conversion } from "../../ffmpeg/records.ts";

function foreseen(changes: Partial<Foreseen> = {}): Foreseen {
  return {
    ...{
      path: "/films/phone/a.mov",
      source_rel: "phone/a.mov",
      size: 2 ** 30,
      duration_s: 725,
      format: "mov",
    },
    ...{ verdict: "converted", reason: null, message: null, profile: "phone", conversion: conversion() },
    ...{ output: "phone/a.mp4", chapters: 2, size_at_most: 2 ** 29, too_large_from: 2 ** 29 },
    summary: {
      ...{ decode: "cpu", filter: "cpu", encoder: "libx264", family: "software", device: null },
      passed_over: [{ family: "vulkan", why: "no GPU" }],
    },
    streams: [
      {
        index: 0,
        kind: "video",
        is: "hevc",
        language: null,
        title: null,
        fate: "converted",
        becomes: "h264",
        why: ["Why."],
      },
      {
        index: 1,
        kind: "audio",
        is: "aac",
        language: "eng",
        title: "A\x1b[31m",
        fate: "kept",
        becomes: "as it is",
        why: [],
      },
      {
        index: 2,
        kind: "data",
        is: "gpmd",
        language: null,
        title: null,
        fate: "left out",
        becomes: null,
        why: ["No place."],
      },
    ],
    notes: ["One note."],
    ...changes,
  };
}

test("a film that would be converted", () => {
  expect(renderForeseen(foreseen(), null)).toBe(`🎬 phone/a.mov
├─ Source: 1.0 GiB, 12 min 5 s long, mov, 2 chapters
├─ Verdict: converted
├─ Profile: phone
├─ Result: phone/a.mp4
├─ Size: at most 512.0 MiB; thrown away unless below 512.0 MiB (rules.max_size_ratio, 50%)
└─ Way: decode cpu, filter cpu, encode libx264 (software)
   └─ Not taken (vulkan): no GPU

🎞️ Tracks
├─ 0 video: hevc → h264
│  └─ Why.
├─ 1 audio (eng, "A\\x1b[31m"): aac → kept as it is
└─ 2 data: gpmd → left out
   └─ No place.

📝 Notes
└─ One note.`);
});

test("one that is left alone has its reason, and no result", () => {
  const none = { output: null, summary: null, profile: null, size_at_most: null, too_large_from: null };
  const left = { verdict: "left alone", reason: "too_short", message: "It is short." } as const;
  const text = renderForeseen(foreseen({ ...none, ...left, streams: [], notes: [], chapters: 0 }), null);
  expect(text).toBe(`🎬 phone/a.mov
├─ Source: 1.0 GiB, 12 min 5 s long, mov
├─ Verdict: left alone (too short)
└─ Why: It is short.`);
});

test("on a terminal no line is wider than it", () => {
  const lines = renderForeseen(foreseen(), 40).split("\n");
  expect(lines.filter((line) => Bun.stringWidth(line) > 40)).toEqual([]);
});
