import { describe, expect, test } from "bun:test";
import { args, commandLine } from "../../src/ffmpeg/args.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import type { MediaInfo } from "../../src/shared/media.ts";
import {
  audioStream,
  bestPlan,
  conversion,
  INTERLACED,
  media,
  subtitleStream,
  videoStream,
} from "./records.ts";

function output(of: { media?: Partial<MediaInfo>; conversion?: Partial<Conversion> } = {}): string {
  const best = bestPlan({ media: media(of.media), conversion: conversion(of.conversion) });
  return args(best, { source: "in.mkv", target: "out" }).output.join(" ");
}

const TAGS = "setparams=color_primaries=bt709:color_trc=bt470bg:colorspace=bt709:range=tv";

test("a whole command", () => {
  const source = media({
    audio: [audioStream()],
    subtitles: [subtitleStream()],
    video: [
      videoStream({ color: { primaries: "bt709", transfer: "bt470bg", matrix: "bt709", range: "pc" } }),
    ],
  });
  const best = bestPlan({ media: source, conversion: conversion() });
  const command = commandLine("/usr/bin/ffmpeg", args(best, { source: "-y.mkv", target: "/o/a%03d.mp4" }));
  const stale = ["BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES"];
  const tags = [...stale, ...stale.map((tag) => `${tag}-eng`), "_STATISTICS_TAGS", "_STATISTICS_WRITING_APP"];
  const formats = command[command.indexOf("-format_whitelist") + 1] ?? "";
  expect(formats.split(",")).not.toContain("hls");
  expect(command).toEqual([
    ...["/usr/bin/ffmpeg", "-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", "repeat+level+warning"],
    ...[
      "-progress",
      "pipe:2",
      "-protocol_whitelist",
      "file",
      "-format_whitelist",
      formats,
      "-max_pixels",
      "67108864",
    ],
    ...["-i", "file:-y.mkv", "-map", "0:0", "-map", "0:1", "-map", "0:2"],
    ...[
      "-filter:v:0",
      `setparams=colorspace=bt709,scale=1920:1080:flags=bicubic:out_range=tv,setsar=1,format=yuv420p,${TAGS}`,
    ],
    ...["-c:v:0", "libx264", "-preset", "ultrafast", "-crf", "23"],
    ...["-fps_mode", "passthrough", "-enc_time_base:v:0", "1:12800"],
    ...["-color_primaries", "bt709", "-color_trc", "gamma28", "-colorspace", "bt709", "-color_range", "tv"],
    ...["-map_metadata", "0", "-map_chapters", "0", ...tags.flatMap((tag) => ["-metadata:s", `${tag}=`])],
    ...["-metadata:s", "_STATISTICS_WRITING_DATE_UTC=", "-metadata:s", "encoder="],
    ...["-c:a:0", "aac", "-b:a:0", "128000"],
    ...["-filter:a:0", `${IN_STEP},aformat=sample_rates=48000:channel_layouts=stereo`],
    ...["-disposition:a:0", "default", "-c:s:0", "mov_text", "-disposition:s:0", "0"],
    ...["-max_muxing_queue_size", "1000000", "-movflags", "+faststart", "-f", "mp4", "file:/o/a%03d.mp4"],
  ]);
});

describe("what differs", () => {
  const interlaced = { video: [videoStream(INTERLACED)] };
  const rgb = { video: [videoStream({ chroma: "rgb", pixel_format: "gbrp" })] };
  const strange = {
    video: [videoStream({ color: { primaries: "reserved", transfer: "x", matrix: "gbr", range: null } })],
  };
  const rows: [string, Parameters<typeof output>[0], string][] = [
    ["hevc in mp4 is hvc1", { conversion: { codec: "hevc" } }, "-tag:v:0 hvc1"],
    [
      "x265 is told the rate",
      { conversion: { codec: "hevc" } },
      "-crf 28 -x265-params log-level=warning:fps=25/1",
    ],
    ["a ceiling", { conversion: { bitrate: 5_000_000 } }, "-b:v 5000000 -maxrate 5000000 -bufsize 10000000"],
    ["SVT-AV1 by quality", { conversion: { codec: "av1", preset: "medium" } }, "libsvtav1 -preset 7 -crf 35"],
    [
      "SVT-AV1 by rate",
      { conversion: { codec: "av1", bitrate: 1_000_000 } },
      "-preset 12 -b:v 1000000 -fps_mode",
    ],
    ["Matroska", { conversion: { container: "mkv" } }, "-max_muxing_queue_size 1000000 -f matroska"],
    ["interlaced", { media: interlaced }, "bwdif=mode=send_frame:parity=tff:deint=all,setfield=prog,scale="],
    ["RGB", { media: rgb }, "out_range=tv:out_color_matrix=bt709,setsar=1,format=yuv420p"],
    ["RGB's tags", { media: rgb }, "-colorspace bt709 -color_range tv"],
    [
      "names that ffmpeg's options lack",
      { media: strange },
      "-enc_time_base:v:0 1:12800 -color_range tv -map_metadata",
    ],
    [
      "copied sound",
      { media: { audio: [audioStream()] }, conversion: { audio_codec: "copy" } },
      "-c:a:0 copy -disposition:a:0 default",
    ],
    [
      "opus",
      { media: { audio: [audioStream()] }, conversion: { audio_codec: "opus" } },
      "-c:a:0 libopus -b:a:0 128000",
    ],
  ];
  test.each(rows)("%s", (_name, of, part) => {
    expect(output(of)).toContain(part);
  });
});

const IN_STEP =
  "aresample=async=2000:min_comp=0.005:comp_duration=0.5:min_hard_comp=0.02:center_mix_level=0.70711:surround_mix_level=0.70711:lfe_mix_level=0:rematrix_maxval=1";
