import { encoding, filmMap, hardware } from "./args-video.ts";
import { fileUrl, guardOptions } from "./guard.ts";
import type { Plan } from "./plan.ts";
import type { AudioPlan } from "./plan-audio.ts";

/** ffmpeg's arguments in the four parts that fluent-ffmpeg takes. */
export type Arguments = { input: string[]; source: string; output: string[]; target: string };

/**
 * A Plan as arguments for ffmpeg; `source` and `target` are paths of any kind of name, and so are `covers`, the plan's
 * covers as files, for Matroska.
 */
export function args(plan: Plan, files: { source: string; target: string; covers?: string[] }): Arguments {
  return {
    input: [...GLOBAL, ...guardOptions(), ...hardware(plan)],
    source: fileUrl(files.source),
    output: [
      ...maps(plan),
      ...encoding(plan.video),
      ...plan.audio.flatMap(audioTrack),
      ...plan.subtitles.flatMap(({ encoder }, n) => [`-c:s:${n}`, encoder]),
      ...(plan.attachments.length > 0 ? ["-c:t", "copy"] : []),
      ...(plan.container === "mkv" ? attach(plan, files.covers ?? []) : plan.covers.flatMap(cover)),
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
  const indices = [...plan.audio.map(({ index }) => index), ...plan.subtitles.map(({ index }) => index)];
  const covers = plan.container === "mkv" ? [] : plan.covers.map(({ index }) => index);
  const kept = [...indices, ...plan.attachments, ...covers].flatMap((index) => ["-map", `0:${index}`]);
  return ["-map", filmMap(plan.video), ...kept];
}

/** Holes in a track are filled with silence (async=1), or what follows would slide away from the picture. */
function audioTrack(plan: AudioPlan, n: number): string[] {
  if (plan.action === "copy") return [`-c:a:${n}`, "copy"];
  const filter = `aresample=async=1,aformat=channel_layouts=${plan.layout}`;
  return [`-c:a:${n}`, plan.encoder, `-b:a:${n}`, String(plan.bit_rate), `-filter:a:${n}`, filter];
}

function cover(_: unknown, n: number): string[] {
  return [`-c:v:${n + 1}`, "copy", `-disposition:v:${n + 1}`, "attached_pic"];
}

/** A cover that is mapped would become a film of one frame in Matroska. */
function attach({ attachments, covers }: Plan, paths: string[]): string[] {
  return paths.flatMap((path, n) => {
    const tag = `-metadata:s:t:${attachments.length + n}`;
    const { filename = "cover", mimetype = "image/jpeg" } = covers[n] ?? {};
    return ["-attach", fileUrl(path), tag, `filename=${filename}`, tag, `mimetype=${mimetype}`];
  });
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
