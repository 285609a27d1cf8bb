import { describe, expect, test } from "bun:test";
import { parseProbe } from "../../src/ffmpeg/probe.ts";
import type { MediaInfo, VideoStream } from "../../src/shared/media.ts";

const film = {
  index: 0,
  codec_type: "video",
  codec_name: "h264",
  width: 1920,
  height: 1080,
  pix_fmt: "yuv420p",
  r_frame_rate: "25/1",
  avg_frame_rate: "25/1",
  time_base: "1/12800",
  duration: "10.0",
};
const container = {
  format_name: "mov,mp4,m4a,3gp,3g2,mj2",
  duration: "10.0",
  start_time: "0.0",
  bit_rate: "800000",
};

function parse(streams: unknown[], format: object = container, rest: object = {}): MediaInfo {
  const result = parseProbe({ streams, format, ...rest }, 1000);
  if ("refusal" in result) throw new Error(result.refusal.message);
  return result.media;
}

function parseFilm(changes: object, format: object = container): VideoStream {
  const [video] = parse([{ ...film, ...changes }], format).video;
  if (video === undefined) throw new Error("no video");
  return video;
}

/** ffprobe's answer on a display matrix of these upper left numbers, and on pixels of that shape. */
function scaling([a, b, c, d]: [number, number, number, number], sample_aspect_ratio: string): object {
  const displaymatrix = `\n00000000: ${a} ${b} 0\n00000001: ${c} ${d} 0\n00000002: 0 0 1073741824\n`;
  return { sample_aspect_ratio, side_data_list: [{ rotation: 0, displaymatrix }] };
}

test.each<[string, object, number, number]>([
  ["stretches", scaling([87_381, 0, 0, 65_536], "1:1"), 4 / 3, 0],
  ["stretches what it turns", scaling([0, 87_381, -65_536, 0], "1:1"), 4 / 3, 90],
  ["stretches pixels that have a shape already", scaling([87_381, 0, 0, 65_536], "4:3"), 4 / 3, 0],
  ["enlarges", scaling([131_072, 0, 0, 131_072], "1:1"), 1, 0],
  ["rounds", scaling([65_540, 0, 0, 65_536], "1:1"), 1, 0],
])("a display matrix that %s", (_, changes, shape, rotation) => {
  const { sample_aspect_ratio, ...rest } = parseFilm(changes);
  expect(sample_aspect_ratio.num / sample_aspect_ratio.den).toBeCloseTo(shape, 3);
  expect(rest.rotation).toBe(rotation);
});

describe("a film's stream", () => {
  const rows: [string, object, Partial<VideoStream>][] = [
    ["turned by a matrix", { side_data_list: [{ rotation: -90 }] }, { rotation: 90 }],
    ["turned the other way", { side_data_list: [{ rotation: 90 }] }, { rotation: 270 }],
    ["turned by the older tag", { tags: { rotate: "180" } }, { rotation: 180 }],
    ["turned by nonsense", { tags: { rotate: "sideways" } }, { rotation: 0 }],
    [
      "with pixels that are not square",
      { sample_aspect_ratio: "64:45" },
      { sample_aspect_ratio: { num: 64, den: 45 } },
    ],
    [
      "with an impossible aspect",
      { sample_aspect_ratio: "0:1" },
      { sample_aspect_ratio: { num: 1, den: 1 } },
    ],
    ["of 10 bits", { pix_fmt: "yuv420p10le" }, { bit_depth: 10, chroma: "420" }],
    ["of 12 bits and 4:2:2", { pix_fmt: "yuv422p12le" }, { bit_depth: 12, chroma: "422" }],
    ["of P010", { pix_fmt: "p010le" }, { bit_depth: 10, chroma: "420" }],
    ["of 4:1:1, whose name ends in p", { pix_fmt: "yuv411p" }, { bit_depth: 8, chroma: "other" }],
    ["of RGB", { pix_fmt: "gbrp10le" }, { bit_depth: 10, chroma: "rgb" }],
    ["of grey and transparency, 16 bits", { pix_fmt: "ya16le" }, { bit_depth: 16, chroma: "gray" }],
    ["of grey and transparency", { pix_fmt: "ya8" }, { bit_depth: 8, chroma: "gray" }],
    ["of grey", { pix_fmt: "gray" }, { bit_depth: 8, chroma: "gray" }],
    ["of constant rate", {}, { constant_rate: true, frame_rate: 25, exact_rate: { num: 25, den: 1 } }],
    ["of variable rate", { avg_frame_rate: "20/1" }, { constant_rate: false, frame_rate: 20 }],
    [
      "that takes the time base for a rate",
      { r_frame_rate: "90000/1" },
      { base_frame_rate: null, exact_rate: null },
    ],
    [
      "without any rate",
      { r_frame_rate: "0/0", avg_frame_rate: "0/0" },
      { frame_rate: null, constant_rate: false },
    ],
    ["that claims more than its container", { duration: "5000" }, { duration_s: null }],
    [
      "with Matroska's tag",
      { duration: undefined, tags: { DURATION: "00:00:09.500000000" } },
      { duration_s: 9.5 },
    ],
    [
      "with that tag and its container's length",
      { duration: "10", tags: { DURATION: "00:00:01.020000000" } },
      { duration_s: 1.02 },
    ],
    ["with an empty tag", { duration: "10", tags: { DURATION: "00:00:00.000000000" } }, { duration_s: 10 }],
    ["with another film's tag", { duration: "10", tags: { DURATION: "01:00:00.000" } }, { duration_s: 10 }],
    ["with mkvmerge's statistics", { tags: { BPS: "500000" } }, { bit_rate: 500_000 }],
    ["with a negative size", { width: -5 }, { width: 0 }],
    ["that is interlaced", { field_order: "tt" }, { interlaced: true }],
    ["that is a cover", { disposition: { attached_pic: 1 } }, { attached_picture: true }],
    [
      "with colours",
      { color_space: "bt709", color_range: "unknown" },
      { color: { primaries: null, transfer: null, matrix: "bt709", range: null } },
    ],
  ];
  test.each(rows)("%s", (_name, changes, expected) => {
    expect(parseFilm(changes)).toMatchObject(expected);
  });
});

test.each([
  ["of fragments, from the middle of a stream on", undefined, "100", null],
  ["of fragments, whose first picture is shown a little late", undefined, "0.08", 102.5],
  ["of fragments, from the beginning", undefined, "0", 102.5],
  ["with an index", "2562", "100", 102.5],
] as const)("an mp4 %s", (_, nb_frames, start_time, lasts_s) => {
  const mp4 = { format_name: "mov,mp4,m4a,3gp,3g2,mj2", duration: "102.5", start_time };
  const sound = { index: 1, codec_type: "audio", codec_name: "aac", duration: "102.5", nb_frames };
  const media = parse([{ ...film, duration: "102.5", nb_frames }, sound], mp4);
  expect([media.duration_s, media.audio[0]?.duration_s]).toEqual([lasts_s, lasts_s]);
  expect(media.video[0]?.duration_s).toBe(lasts_s);
});

test.each([
  ["by ffmpeg, which writes where it ends", { ENCODER: "Lavf59.27.100" }, "100", 2.5],
  ["by who knows whom", {}, "100", 2.5],
  [
    "by mkvmerge, which writes how long it lasts",
    { encoder: "libebml v1.4 + libmatroska v1.7" },
    "100",
    102.5,
  ],
  ["by ffmpeg, from the start", { ENCODER: "Lavf59.27.100" }, "0", 102.5],
  ["by ffmpeg, from before the start", { ENCODER: "Lavf59.27.100" }, "-0.02", 102.5],
  ["by ffmpeg, ending before it begins", { ENCODER: "Lavf59.27.100" }, "200", 102.5],
])("a Matroska file that was written %s", (_, tags, start_time, lasts_s) => {
  const matroska = { format_name: "matroska,webm", duration: "102.5", start_time, tags };
  const streams = [{ ...film, duration: undefined, tags: { DURATION: "00:01:42.5" } }];
  const media = parse(streams, matroska);
  expect(media.duration_s).toBe(lasts_s);
  expect(media.video[0]?.duration_s).toBe(lasts_s);
});

test("an unset duration of 32 bits is no duration", () => {
  const unset = { ...container, duration: "143165.576533" };
  expect(parse([{ ...film, time_base: "1/30000" }], unset).duration_s).toBeNull();
  expect(parse([film], container).duration_s).toBe(10);
});

test("sound, subtitles and the rest", () => {
  const result = parse([
    film,
    {
      index: 1,
      codec_type: "audio",
      codec_name: "ac3",
      channels: 6,
      sample_rate: "48000",
      tags: { language: "ger" },
    },
    { index: 2, codec_type: "subtitle", codec_name: "hdmv_pgs_subtitle", tags: { language: "und" } },
    { index: 3, codec_type: "attachment", codec_name: "ttf", tags: { mimetype: "font/ttf" } },
    { index: 4 },
  ]);
  expect(result.audio).toMatchObject([
    { index: 1, codec: "ac3", channels: 6, sample_rate: 48_000, language: "ger" },
  ]);
  expect(result.subtitles).toMatchObject([{ index: 2, text: false, language: null }]);
  expect(result.other).toEqual([
    { index: 3, kind: "attachment", codec: "ttf", mimetype: "font/ttf", filename: null, tag: null },
    { index: 4, kind: "unknown", codec: "unknown", mimetype: null, filename: null, tag: null },
  ]);
});

describe("refused", () => {
  const rows: [string, unknown, string][] = [
    ["no object", "x", "not_a_video"],
    ["no format", { streams: [film] }, "not_a_video"],
    [
      "an encrypted track",
      { streams: [{ ...film, codec_tag_string: "encv" }], format: container },
      "encrypted",
    ],
    [
      "encrypted packets",
      {
        streams: [film],
        format: container,
        packets: [{ side_data_list: [{ side_data_type: "Encryption info" }] }],
      },
      "encrypted",
    ],
  ];
  test.each(rows)("%s", (_name, json, reason) => {
    expect(parseProbe(json, 1000)).toMatchObject({ refusal: { reason } });
  });
});

test("streams that make no sense are left out", () => {
  expect(parse([null, 5, { index: -1, codec_type: "video" }, film]).video).toHaveLength(1);
});
