import { describe, expect, test } from "bun:test";
import { type Plan, plan } from "../../src/ffmpeg/plan.ts";
import { outputShape } from "../../src/ffmpeg/plan-size.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { CPU_ONLY } from "../../src/shared/gpu.ts";
import type { MediaInfo, VideoStream } from "../../src/shared/media.ts";
import {
  audioStream,
  bestPlan,
  capabilities,
  conversion,
  media,
  subtitleStream,
  videoStream,
} from "./records.ts";

function planned(of: { media?: Partial<MediaInfo>; conversion?: Partial<Conversion> } = {}): Plan {
  return bestPlan({ media: media(of.media), conversion: conversion(of.conversion) });
}

describe("the size of the result", () => {
  const hd = { width: 1280, height: 720 };
  const rows: [
    string,
    Parameters<typeof videoStream>[0],
    { width: number; height: number } | null,
    [number, number],
  ][] = [
    ["without a box", {}, null, [1920, 1080]],
    ["in a box of the same shape", {}, hd, [1280, 720]],
    ["in a narrower box", {}, { width: 1000, height: 1000 }, [1000, 562]],
    ["never enlarged", { width: 640, height: 480 }, hd, [640, 480]],
    ["odd, the nearest shape", { width: 721, height: 405 }, { width: 640, height: 360 }, [640, 360]],
    ["wide, the nearest shape", { width: 1920, height: 800 }, hd, [1280, 534]],
    ["upright, the nearest shape", { width: 405, height: 721 }, { width: 640, height: 360 }, [360, 640]],
    ["odd, a row and a column more", { width: 1279, height: 533 }, hd, [1280, 534]],
    ["odd, as large as the box", { width: 1279, height: 533 }, { width: 1279, height: 533 }, [1278, 532]],
    ["4:3 in a 16:9 box", { width: 1440, height: 1080 }, hd, [960, 720]],
    ["upright by rotation, the box turned", { rotation: 90 }, hd, [720, 1280]],
    ["upright by size, the box turned", { width: 1080, height: 1920 }, hd, [720, 1280]],
    ["upside down stays lying", { rotation: 180 }, hd, [1280, 720]],
    ["odd sizes become even", { width: 161, height: 121 }, null, [162, 122]],
    [
      "wide pixels are widened",
      { width: 720, height: 576, sample_aspect_ratio: { num: 64, den: 45 } },
      null,
      [1024, 576],
    ],
    [
      "high pixels are heightened",
      { width: 720, height: 480, sample_aspect_ratio: { num: 8, den: 9 } },
      null,
      [720, 540],
    ],
    [
      "wide pixels of an upright film",
      { width: 720, height: 576, rotation: 90, sample_aspect_ratio: { num: 64, den: 45 } },
      null,
      [576, 1024],
    ],
    ["never nothing", { width: 1920, height: 8 }, { width: 64, height: 64 }, [64, 2]],
  ];
  test.each(rows)("%s", (_name, film, box, [width, height]) => {
    const wanted = conversion({ target_resolution: box });
    expect(outputShape(videoStream(film), wanted)).toMatchObject({ width, height });
  });
});

describe("bits a sample", () => {
  const ten = { video: [videoStream({ pixel_format: "yuv420p10le", bit_depth: 10 })] };
  const rows: [string, Partial<Conversion>, Partial<MediaInfo>, string][] = [
    ["h264 gets 8", { codec: "h264" }, ten, "yuv420p"],
    ["h264 gets 10 when asked", { codec: "h264", bit_depth: 10 }, ten, "yuv420p10le"],
    ["hevc keeps 10", { codec: "hevc" }, ten, "yuv420p10le"],
    ["hevc keeps 8", { codec: "hevc" }, {}, "yuv420p"],
    ["hevc gets 8 when asked", { codec: "hevc", bit_depth: 8 }, ten, "yuv420p"],
    ["av1 keeps 10", { codec: "av1" }, ten, "yuv420p10le"],
  ];
  test.each(rows)("%s", (_name, changes, source, pixel_format) => {
    expect(planned({ media: source, conversion: changes }).video.pixel_format).toBe(pixel_format);
  });
});

describe("codecs for archives and for editing", () => {
  const rows: [string, Partial<Conversion>, Partial<VideoStream>, string, string[]][] = [
    ["ffv1 keeps 4:2:0", { codec: "ffv1" }, {}, "yuv420p", []],
    ["ffv1 keeps 4:2:2 and 10 bits", { codec: "ffv1" }, { chroma: "422", bit_depth: 10 }, "yuv422p10le", []],
    ["ffv1 keeps 4:4:4", { codec: "ffv1" }, { chroma: "444" }, "yuv444p", []],
    ["ffv1 keeps gray in 4:2:0", { codec: "ffv1" }, { chroma: "gray" }, "yuv420p", []],
    ["ffv1 keeps RGB", { codec: "ffv1" }, { chroma: "rgb" }, "bgr0", []],
    ["ffv1 keeps RGB of 10 bits", { codec: "ffv1" }, { chroma: "rgb", bit_depth: 10 }, "gbrp10le", []],
    ["ffv1 of 12 bits", { codec: "ffv1" }, { bit_depth: 12 }, "yuv420p10le", ["12 bits a sample became 10"]],
    ["ffv1 with 8 bits", { codec: "ffv1", bit_depth: 8 }, { bit_depth: 10 }, "yuv420p", ["became 8"]],
    ["ffv1 keeps transparency", { codec: "ffv1" }, { pixel_format: "yuva420p" }, "yuva420p", []],
    [
      "ffv1 of transparency that ffmpeg does not decode",
      { codec: "ffv1" },
      { hidden_alpha: true },
      "yuv420p",
      ["transparency was left out"],
    ],
    [
      "prores keeps transparency",
      { codec: "prores" },
      { pixel_format: "rgba", chroma: "rgb" },
      "yuva444p12le",
      [],
    ],
    ["prores has 10 bits and 4:2:2", { codec: "prores" }, {}, "yuv422p10le", []],
    ["prores has them whatever is asked for", { codec: "prores", bit_depth: 8 }, {}, "yuv422p10le", []],
    ["prores of 4:4:4", { codec: "prores" }, { chroma: "444" }, "yuv444p12le", []],
  ];
  test("h264 of more says what is lost", () => {
    const film = videoStream({ bit_depth: 12, chroma: "444", pixel_format: "yuva444p12le" });
    const notes = [
      "12 bits a sample became 8",
      "resolution of colour became 4:2:0",
      "transparency was left out",
    ];
    expect(planned({ media: { video: [film] } }).notes).toEqual(
      notes.map((note) => expect.stringContaining(note)),
    );
  });

  test.each(rows)("%s", (_name, wanted, film, pixel_format, notes) => {
    const plan = planned({
      media: { video: [videoStream(film)] },
      conversion: { container: "mkv", ...wanted },
    });
    expect(plan.video.pixel_format).toBe(pixel_format);
    expect(plan.notes).toEqual(notes.map((note) => expect.stringContaining(note)));
  });
});

describe("the bit rate is a ceiling", () => {
  const rows: [string, Partial<MediaInfo>, number][] = [
    ["as asked", { video: [videoStream({ bit_rate: 9_000_000 })] }, 5_000_000],
    ["at the stream's own rate", { video: [videoStream({ bit_rate: 2_000_000 })] }, 2_000_000],
    ["at what the sound leaves of the file", { size_bytes: 15_000_000, audio: [audioStream()] }, 1_872_000],
    ["as asked where nothing is known", { size_bytes: 1000, duration_s: 60 }, 5_000_000],
  ];
  test.each(rows)("%s", (_name, source, bit_rate) => {
    const { rate } = planned({ media: source, conversion: { bitrate: 5_000_000 } }).video;
    expect(rate).toEqual({ kind: "bit_rate", bit_rate });
  });
});

describe("the encoder", () => {
  test("the first that was proven, and why not those before it", () => {
    const without = capabilities();
    without.encoders = without.encoders.filter(({ encoder }) => encoder !== "libsvtav1");
    without.refused = [
      { family: "software", codec: "av1", encoder: "libsvtav1", device: null, why: "Unknown encoder" },
    ];
    const result = plan({
      media: media(),
      conversion: conversion({ codec: "av1" }),
      capabilities: without,
      gpu: CPU_ONLY,
    });
    expect(result).toMatchObject({
      ladder: [
        {
          summary: {
            encoder: "libaom-av1",
            decode: "cpu",
            filter: "cpu",
            passed_over: [{ family: "software", why: "libsvtav1: Unknown encoder" }],
          },
        },
      ],
    });
  });

  test("a picture below its smallest goes to the next", () => {
    const small = { video: [videoStream({ width: 48, height: 36 })] };
    expect(planned({ media: small, conversion: { codec: "av1" } }).summary.encoder).toBe("libaom-av1");
  });

  test("8 bits, with a note, where no encoder takes the film's 10", () => {
    const eight = capabilities();
    eight.encoders = eight.encoders.map((one) => ({ ...one, ten_bit: false }));
    const source = media({ video: [videoStream({ bit_depth: 10 })] });
    const result = plan({
      media: source,
      conversion: conversion({ codec: "hevc" }),
      capabilities: eight,
      gpu: CPU_ONLY,
    });
    expect(result).toMatchObject({
      ladder: [{ video: { bit_depth: 8 }, notes: [expect.stringContaining("10 bits")] }],
    });
    const asked = plan({
      media: source,
      conversion: conversion({ codec: "hevc", bit_depth: 10 }),
      capabilities: eight,
      gpu: CPU_ONLY,
    });
    expect(asked).toMatchObject({ refusal: { outcome: "retry", reason: "worker_error" } });
  });
});

describe("sound", () => {
  test("every track, by its channels", () => {
    const audio = [1, 2, 6, 12].map((channels, n) => audioStream({ index: n + 1, channels, codec: "dts" }));
    expect(planned({ media: { audio } }).audio).toMatchObject([
      { index: 1, encoder: "aac", bit_rate: 64_000, layout: "mono" },
      { index: 2, encoder: "aac", bit_rate: 128_000, layout: "stereo" },
      { index: 3, encoder: "aac", bit_rate: 384_000, layout: "5.1" },
      { index: 4, encoder: "aac", bit_rate: 512_000, layout: "7.1" },
    ]);
  });

  test("copied where the container can hold it, else AAC with a note", () => {
    const audio = [audioStream({ index: 1, codec: "ac3" }), audioStream({ index: 2, codec: "vorbis" })];
    const mp4 = planned({ media: { audio }, conversion: { audio_codec: "copy" } });
    expect(mp4.audio).toMatchObject([
      { action: "copy", codec: "ac3" },
      { action: "encode", codec: "aac" },
    ]);
    expect(mp4.notes).toEqual(["Audio track 2 became AAC: mp4 cannot hold it as it is (vorbis)."]);
    const mkv = planned({ media: { audio }, conversion: { audio_codec: "copy", container: "mkv" } });
    expect(mkv.audio.map(({ action }) => action)).toEqual(["copy", "copy"]);
  });

  test("a track of an unknown codec is left out and named", () => {
    const result = planned({ media: { audio: [audioStream({ codec: "unknown" })] } });
    expect(result.audio).toEqual([]);
    expect(result.notes[0]).toContain("Audio track 1");
  });
});

describe("subtitles", () => {
  const rows: [Conversion["container"], string, boolean, string | null][] = [
    ["mp4", "subrip", true, "mov_text"],
    ["mp4", "ass", true, "mov_text"],
    ["mp4", "hdmv_pgs_subtitle", false, null],
    ["mkv", "subrip", true, "copy"],
    ["mkv", "ass", true, "copy"],
    ["mkv", "mov_text", true, "srt"],
    ["mkv", "hdmv_pgs_subtitle", false, "copy"],
    ["mkv", "dvb_teletext", false, null],
  ];
  test.each(rows)("in %s: %s", (container, codec, text, encoder) => {
    const subtitles = [subtitleStream({ codec, text, language: "ger" })];
    const result = planned({ media: { subtitles }, conversion: { container } });
    expect(result.subtitles.map((track) => track.encoder)).toEqual(encoder === null ? [] : [encoder]);
    const note = `Subtitle track 2 (ger) could not be kept: ${container} cannot hold ${codec}.`;
    if (encoder === null) expect(result.notes[0]).toStartWith(note);
    else expect(result.notes).toHaveLength(codec === "ass" && container === "mp4" ? 1 : 0);
  });
});

test("fonts are kept in Matroska; what has no place is named", () => {
  const source = {
    video: [videoStream(), videoStream({ index: 5, attached_picture: true }), videoStream({ index: 6 })],
    other: [
      { index: 3, kind: "attachment", codec: "ttf", mimetype: null, filename: null, tag: null },
      { index: 4, kind: "data", codec: "bin_data", mimetype: null, filename: null, tag: null },
    ],
  };
  expect(planned({ media: source, conversion: { container: "mkv" } }).attachments).toEqual([
    { index: 3, filename: "attachment-3.ttf", mimetype: "font/ttf" },
  ]);
  const { attachments, notes } = planned({ media: source });
  expect(attachments).toEqual([]);
  expect(notes).toHaveLength(4);
});

test("a track of time codes is made anew in mp4, and named in Matroska", () => {
  const other = [{ index: 3, kind: "data", codec: "unknown", mimetype: null, filename: null, tag: "tmcd" }];
  expect(planned({ media: { other } }).notes).toEqual([]);
  expect(planned({ media: { other }, conversion: { container: "mkv" } }).notes).toHaveLength(1);
});

describe("refused", () => {
  const rows: [string, Partial<MediaInfo>, string, string][] = [
    ["no stream at all", { video: [] }, "skipped", "no_video"],
    ["only sound", { video: [], audio: [audioStream()] }, "skipped", "no_video"],
    ["only a cover", { video: [videoStream({ attached_picture: true })] }, "skipped", "no_video"],
    ["an unknown codec", { video: [videoStream({ codec: "unknown" })] }, "permanent", "unsupported"],
    ["a picture without a size", { video: [videoStream({ width: 0 })] }, "permanent", "source_damaged"],
  ];
  test.each(rows)("%s", (_name, source, outcome, reason) => {
    const result = plan({
      media: media(source),
      conversion: conversion(),
      capabilities: capabilities(),
      gpu: CPU_ONLY,
    });
    expect(result).toMatchObject({ refusal: { outcome, reason } });
  });
});
