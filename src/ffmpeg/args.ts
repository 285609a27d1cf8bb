import { colorTags } from "./color.ts";
import { FAMILIES } from "./encoders/families.ts";
import { fileUrl, guardOptions } from "./guard.ts";
import type { Plan } from "./plan.ts";
import type { AudioPlan } from "./plan-audio.ts";
import type { VideoPlan } from "./plan-video.ts";

/** ffmpeg's arguments in the four parts that fluent-ffmpeg takes. */
export type Arguments = { input: string[]; source: string; output: string[]; target: string };

/** A Plan as arguments for ffmpeg; `source` and `target` are paths of any kind of name. */
export function args(plan: Plan, files: { source: string; target: string }): Arguments {
  return {
    input: [...GLOBAL, ...guardOptions()],
    source: fileUrl(files.source),
    output: [
      ...maps(plan),
      ...video(plan.video),
      ...plan.audio.flatMap(audioTrack),
      ...plan.subtitles.flatMap(({ encoder }, n) => [`-c:s:${n}`, encoder]),
      ...(plan.attachments.length > 0 ? ["-c:t", "copy"] : []),
      ...plan.covers.flatMap((_, n) => [`-c:v:${n + 1}`, "copy", `-disposition:v:${n + 1}`, "attached_pic"]),
      ...["-map_metadata", "0", "-map_chapters", "0", ...staleTags()],
      ...muxer(plan),
    ],
    target: fileUrl(files.target),
  };
}

/** The whole command, as it is shown to people and as it reaches ffmpeg. */
export function commandLine(ffmpeg_path: string, { input, source, output, target }: Arguments): string[] {
  return [ffmpeg_path, ...input, "-i", source, ...output, target];
}

/**
 * Without -nostdin a "q" would end a film early. `repeat` and `level` make every message one whole line that says
 * how bad it is; progress goes to the same pipe, as key=value lines.
 */
const GLOBAL = [
  "-hide_banner",
  "-nostdin",
  "-y",
  "-nostats",
  "-loglevel",
  "repeat+level+warning",
  "-progress",
  "pipe:2",
];

function maps(plan: Plan): string[] {
  const indices = [
    plan.video.index,
    ...plan.audio.map(({ index }) => index),
    ...plan.subtitles.map(({ index }) => index),
  ];
  return [...indices, ...plan.attachments, ...plan.covers].flatMap((index) => ["-map", `0:${index}`]);
}

function video(plan: VideoPlan): string[] {
  const encoder = FAMILIES.flatMap(({ encoders }) => encoders).find((one) => one.encoder === plan.encoder);
  if (encoder === undefined) throw new Error(`no encoder family has ${plan.encoder}`);
  return [
    ...["-filter:v:0", filters(plan), "-c:v:0", plan.encoder],
    ...encoder.options({
      rate: plan.rate,
      preset: plan.preset,
      bit_depth: plan.bit_depth,
      frame_rate: plan.frame_rate,
      limits: null,
    }),
    // Frames keep their own times: none is invented to fill a hole, none dropped.
    ...["-fps_mode", "passthrough", "-enc_time_base", `${plan.time_base.num}:${plan.time_base.den}`],
    ...colorTags(plan.color),
  ];
}

function filters({ deinterlace, width, height, from_rgb, pixel_format }: VideoPlan): string {
  return [
    ...(deinterlace ? ["bwdif=mode=send_frame:deint=interlaced"] : []),
    `scale=${width}:${height}:flags=bicubic:out_range=tv${from_rgb ? ":out_color_matrix=bt709" : ""}`,
    ...["setsar=1", `format=${pixel_format}`],
  ].join(",");
}

/** Holes in a track are filled with silence (async=1), or what follows would slide away from the picture. */
function audioTrack(plan: AudioPlan, n: number): string[] {
  if (plan.action === "copy") return [`-c:a:${n}`, "copy"];
  const filter = `aresample=async=1,aformat=channel_layouts=${plan.layout}`;
  return [`-c:a:${n}`, plan.encoder, `-b:a:${n}`, String(plan.bit_rate), `-filter:a:${n}`, filter];
}

/** Statistics of the source's tracks, by mkvmerge, that would be untrue of the result. */
function staleTags(): string[] {
  const names = ["BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES"];
  const all = [
    ...names,
    ...names.map((name) => `${name}-eng`),
    "_STATISTICS_TAGS",
    "_STATISTICS_WRITING_APP",
  ];
  return all.flatMap((name) => ["-metadata:s", `${name}=`]);
}

function muxer(plan: Plan): string[] {
  const queue = ["-max_muxing_queue_size", "4096"];
  if (plan.container === "mkv") return [...queue, "-f", "matroska"];
  // hvc1 is the form of HEVC that Apple's players take.
  const tag = plan.video.codec === "hevc" ? ["-tag:v:0", "hvc1"] : [];
  return [...tag, ...queue, "-movflags", "+faststart", "-f", "mp4"];
}
