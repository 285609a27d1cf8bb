import { describe, expect, test } from "bun:test";
import type { PictureSample } from "../../src/ffmpeg/pictures.ts";
import type { Timeline } from "../../src/ffmpeg/timeline.ts";
import { type Evidence, judge } from "../../src/ffmpeg/verify.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { MediaInfo, VideoStream } from "../../src/shared/media.ts";
import { audioStream, bestPlan, conversion, damage, INTERLACED, media, videoStream } from "./records.ts";

/** A film of 60 s at 25 frames/s that became just what was planned; each row changes one thing. */
function evidence(changes: {
  film?: Partial<VideoStream>;
  source?: Partial<MediaInfo>;
  result?: Partial<MediaInfo>;
  made?: Partial<VideoStream>;
  timeline?: Partial<Timeline>;
  rest?: Partial<Evidence>;
}): Evidence {
  const source = media({ video: [videoStream(changes.film)], audio: [audioStream()], ...changes.source });
  const timeline: Timeline = {
    ...{
      packets: 1500,
      first_s: 0,
      last_s: 59.96,
      end_s: 60,
      largest_gap_s: 0.04,
      largest_gap_at_s: 0,
      bare_s: 0,
      lasts_s: 60,
      meanwhile: 0,
      behind: 0,
    },
    ...changes.timeline,
  };
  return {
    plan: bestPlan({ media: source, conversion: conversion() }),
    source,
    media: media({ video: [videoStream(changes.made)], audio: [audioStream()], ...changes.result }),
    timelines: new Map([[0, timeline]]),
    packets: null,
    misplaced_s: null,
    sound: { short: [], lost: [], bare: [] },
    missing_bytes: 0,
    source_end_s: null,
    damage: damage(),
    broken: null,
    pictures: [],
    decoded: null,
    ...changes.rest,
  };
}

function packets(changes: Partial<Timeline>): Timeline {
  const whole = {
    packets: 1500,
    first_s: 0,
    last_s: 59.96,
    end_s: 60,
    largest_gap_s: 0.04,
    largest_gap_at_s: 0,
    bare_s: 0,
    lasts_s: 60,
    meanwhile: 0,
    behind: 0,
  };
  return { ...whole, ...changes };
}

const short = { index: 1, end_s: 30, expected_s: 60, claimed: true };
const cover = videoStream({ index: 5, codec: "png", attached_picture: true });

function sample(mean: number, alike: number | null): PictureSample {
  return { at_s: 6, difference: { mean, alike }, missing: null, change: null };
}

test("a good result", () => {
  expect(judge(evidence({}))).toEqual({ notes: [] });
});

test("of a film of one picture, nobody needs to have seen the pixel format", () => {
  const film = { frames: 1, duration_s: 20 };
  const timeline = { packets: 1, last_s: 0, end_s: 20, largest_gap_s: 0 };
  const source = { duration_s: 20 };
  const [seen, unseen] = ["yuv420p", "unknown"].map((pixel_format) =>
    judge(evidence({ film, source, timeline, made: { ...film, pixel_format }, result: { ...source } })),
  );
  expect(JSON.stringify(seen)).not.toContain("pixel format");
  expect(unseen).toEqual(seen as never);
});

describe("a result that is not good may be tried again", () => {
  const rows: [string, Parameters<typeof evidence>[0], string][] = [
    ["no film", { result: { video: [] } }, "holds no film"],
    ["no packets", { timeline: { packets: 0 } }, "holds no film"],
    ["another codec", { made: { codec: "mpeg4" } }, "its video is mpeg4, not h264"],
    ["another size", { made: { width: 640 } }, "640x1080, not 1920x1080"],
    ["another pixel format", { made: { pixel_format: "yuv444p" } }, "yuv444p, not yuv420p"],
    ["a pixel format that nobody saw", { made: { pixel_format: "unknown" } }, "unknown, not yuv420p"],
    ["a second film", { result: { video: [videoStream(), videoStream({ index: 3 })] } }, "2 video tracks"],
    ["no sound", { result: { audio: [] } }, "its audio tracks are none, not aac"],
    [
      "sound that was lost",
      { rest: { sound: { short: [short], lost: [short], bare: [] } } },
      "audio track 1 ends at 30.0 s, in the source at 60.0 s",
    ],
    [
      "the source's end",
      { rest: { packets: packets({ last_s: 60.1 }) } },
      "last frame at 60.0 s, the source at 60.1 s",
    ],
    [
      "frames inside",
      { timeline: { largest_gap_s: 0.5 }, rest: { packets: packets({}) } },
      "no frame for 0.5 s",
    ],
    ["every tenth frame", { timeline: { packets: 1498 }, rest: { packets: packets({}) } }, "lacks 2 frames"],
    ["no cover", { source: { video: [videoStream(), cover] } }, "its cover pictures are not the source's"],
    ["a green picture", { rest: { pictures: [sample(80, 0)] } }, "not the source's at 6.0 s"],
    [
      "a picture of something else",
      { rest: { pictures: [sample(2, 0.99), sample(10, 0.1)] } },
      "not the source's",
    ],
    [
      "no picture",
      { rest: { pictures: [{ at_s: 6, difference: null, missing: "result", change: null }] } },
      "no picture at 6.0 s",
    ],
    [
      "undecodable",
      { rest: { decoded: { failed: true, said: "no frame!" } } },
      "decoding it failed: no frame!",
    ],
  ];
  test.each(rows)("%s", (_name, changes, part) => {
    const refusal = {
      outcome: "retry",
      reason: "verification_failed",
      message: expect.stringContaining(part),
    };
    expect(judge(evidence(changes))).toEqual({ refusal } as never);
  });
});

describe("a damaged source is refused for good", () => {
  const cut = { packets: 750, last_s: 29.96, end_s: 30 };
  const hole = { packets: 1400 };
  const first = "[h264 @ 0x1] [error] error while decoding MB 1 2";
  const complaint = { damage: damage({ lines: 2, first, corrupt_pictures: 4 }) };
  const rows: [string, Parameters<typeof evidence>[0], string][] = [
    [
      "cut off",
      { timeline: cut },
      "The file says 60.0 s but only 30.0 s could be read: it is damaged, or was cut off while copying.",
    ],
    [
      "cut off, by the container's word",
      { film: { duration_s: null }, timeline: cut },
      "says 60.0 s but only 30.0 s",
    ],
    [
      "cut off, of variable rate",
      { film: { constant_rate: false }, timeline: cut },
      "says 60.0 s but only 30.0 s",
    ],
    [
      "an avi whose length is only guessed, but whose frames are counted",
      {
        film: { frames: 1500, duration_s: 30, constant_rate: true },
        source: { format: "avi", duration_s: 30 },
        timeline: cut,
      },
      "says 60.0 s but only 30.0 s",
    ],
    [
      "a frame short, and one missing inside",
      {
        film: { frames: 1500 },
        source: { format: "mov,mp4" },
        timeline: { packets: 1498, last_s: 59.92, end_s: 59.96 },
      },
      "2 frames are missing",
    ],
    ["two frames short", { timeline: { packets: 1498, last_s: 59.88, end_s: 59.92 } }, "only 59.9 s"],
    ["a hole in a ts", { source: { format: "mpegts" }, timeline: hole }, "100 frames are missing inside"],
    [
      "a hole in an mkv that ffmpeg complained about",
      { timeline: hole, rest: complaint },
      "100 frames are missing",
    ],
    [
      "frames of an mp4 that its header counts",
      { film: { frames: 1500 }, source: { format: "mov,mp4" }, timeline: hole },
      "100 frames",
    ],
    [
      "all frames, some of them broken",
      { rest: complaint },
      "ffmpeg complained at 2 places while reading it, first: error while decoding MB 1 2.",
    ],
  ];
  test.each(rows)("%s", (_name, changes, part) => {
    const refusal = {
      outcome: "permanent",
      reason: "source_damaged",
      message: expect.stringContaining(part),
    };
    expect(judge(evidence(changes))).toEqual({ refusal } as never);
  });
});

describe("no damage", () => {
  const rows: [string, Parameters<typeof evidence>[0]][] = [
    ["one frame short", { timeline: { packets: 1499, last_s: 59.92, end_s: 59.96 } }],
    ["longer than it said", { timeline: { packets: 1600, last_s: 63.96, end_s: 64 } }],
    [
      "nothing claimed",
      {
        film: { duration_s: null },
        source: { duration_s: null },
        timeline: { packets: 10, last_s: 0.36, end_s: 0.4 },
      },
    ],
    [
      "a phone's skipped frames, all of them counted",
      { film: { frames: 1400 }, source: { format: "mov,mp4" }, timeline: { packets: 1400 } },
    ],
    ["a variable film in an mkv that says constant", { timeline: { packets: 900 } }],
    ["an avi that skips frames", { source: { format: "avi" }, timeline: { packets: 1400 } }],
    ["noise that cannot be compared", { rest: { pictures: [sample(11, null)] } }],
    [
      "a source that shows nothing there",
      { rest: { pictures: [{ at_s: 6, difference: null, missing: "source", change: null }] } },
    ],
    ["the source's packets, one less", { rest: { packets: packets({ last_s: 60 }) } }],
    ["decoded whole", { rest: { decoded: { failed: false, said: "" } } }],
  ];
  test.each(rows)("%s", (_name, changes) => {
    expect(judge(evidence(changes))).toEqual({ notes: [] });
  });

  test("sound that ends early in the source, too, is told", () => {
    const result = judge(evidence({ rest: { sound: { short: [short], lost: [], bare: [] } } }));
    expect(result).toEqual({ notes: ["Audio track 1 of the source ends at 30.0 s, not at 60.0 s."] });
  });

  test("a long gap of a variable film is told", () => {
    const timeline = { packets: 1300, largest_gap_s: 8, largest_gap_at_s: 20 };
    const result = judge(evidence({ film: { constant_rate: false }, timeline }));
    expect(result).toEqual({ notes: ["For 8.0 s from 20.0 s on the source has no frame."] });
  });
});

describe("a lossless result", () => {
  const rows: [string, Partial<VideoStream>, Partial<Conversion>, number, boolean][] = [
    ["is the source", {}, {}, 0, true],
    ["differs by no more than rounding", {}, {}, 0.4, true],
    ["differs a little", {}, {}, 2, false],
    ["was scaled, so that it may differ", {}, { target_resolution: { width: 1280, height: 720 } }, 2, true],
    ["lost bits, so that it may differ", { bit_depth: 12, pixel_format: "yuv420p12le" }, {}, 2, true],
    ["was deinterlaced, so that it may differ", INTERLACED, {}, 2, true],
  ];
  test.each(rows)("%s", (_name, film, wanted, mean, good) => {
    const source = media({ video: [videoStream(film)], audio: [audioStream()] });
    const lossless = conversion({ codec: "ffv1", container: "mkv", ...wanted });
    const planned = bestPlan({ media: source, conversion: lossless });
    const { width, height, pixel_format } = planned.video;
    const result = judge(
      evidence({
        film,
        made: { codec: "ffv1", width, height, pixel_format },
        rest: { plan: planned, pictures: [sample(mean, 1)] },
      }),
    );
    expect("notes" in result).toBe(good);
  });
});

describe("a Matroska file that lacks bytes at its end, whose tracks do not say how long they last", () => {
  const cut = { film: { duration_s: null }, rest: { missing_bytes: 900, source_end_s: 59 } };

  test("plays shorter than it says", () => {
    const timeline = { packets: 1475, last_s: 58.96, end_s: 59 };
    expect(judge(evidence({ ...cut, timeline }))).toMatchObject({
      refusal: { reason: "source_damaged", message: expect.stringContaining("only 59.0 s could be read") },
    } as never);
    expect(judge(evidence({ film: cut.film, timeline }))).toEqual({ notes: [] });
  });

  test("has lost only what follows the film", () => {
    const rest = { ...cut.rest, source_end_s: 60 };
    const notes = ["The file ends 900 bytes before it says; nothing of the film is missing."];
    expect(judge(evidence({ ...cut, rest }))).toEqual({ notes });
  });
});

test("sound whose clock stands still in the source is the source's fault", () => {
  const short = { index: 1, end_s: 0, expected_s: 60, claimed: true };
  const result = judge(
    evidence({ rest: { sound: { short: [short], lost: [{ ...short, still: true }], bare: [] } } }),
  );
  expect(result).toMatchObject({ refusal: { outcome: "permanent", reason: "source_damaged" } });
});
