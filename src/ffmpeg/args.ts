import { audioTracks } from "./args-audio.ts";
import { turning } from "./args-picture.ts";
import { encoding, filmMap, hardware } from "./args-video.ts";
import { fileUrl, readOptions, sourceUrl } from "./guard.ts";
import type { Plan } from "./plan.ts";

/** ffmpeg's arguments in the parts that fluent-ffmpeg takes; `also`: a second output. */
export type Arguments = {
  input: string[];
  source: string;
  output: string[];
  target: string;
  also?: { output: string[]; target: string };
};

/**
 * A Plan as arguments for ffmpeg; `source` and `target` are paths of any kind of name, and so are `covers`, the plan's
 * covers as files, for Matroska.
 */
export function args(plan: Plan, files: { source: string; target: string; covers?: string[] }): Arguments {
  return {
    input: [...GLOBAL, ...readOptions(files.source), ...turning(plan.video), ...hardware(plan)],
    source: sourceUrl(files.source),
    output: [
      ...maps(plan),
      ...encoding(plan.video),
      ...["-map_metadata", "0", "-map_chapters", "0", ...filmTags(plan), ...staleTags(plan)],
      ...audioTracks(plan),
      ...subtitleTracks(plan),
      ...(plan.attachments.length > 0 ? ["-c:t", "copy"] : []),
      ...plan.attachments.flatMap(attachmentTags),
      ...(plan.container === "mkv" ? attach(plan, files.covers ?? []) : plan.covers.flatMap(cover)),
      ...muxer(plan),
    ],
    target: fileUrl(files.target),
  };
}

/** The whole command, as it is shown to people and as it reaches ffmpeg. */
export function commandLine(
  ffmpeg_path: string,
  { input, source, output, target, also }: Arguments,
): string[] {
  const second = also === undefined ? [] : [...also.output, also.target];
  return [ffmpeg_path, ...input, "-i", source, ...output, target, ...second];
}

/**
 * Without -nostdin a "q" would end a film early. `repeat` and `level` make every message one whole line that says
 * how bad it is; progress goes to the same pipe, as key=value lines.
 */
export const GLOBAL = [
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
  const kept = [...indices, ...plan.attachments.map(({ index }) => index), ...covers].flatMap((index) => [
    "-map",
    `0:${index}`,
  ]);
  return ["-map", filmMap(plan.video), ...kept];
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

/** Names that are set to nothing are left out. */
function filmTags({ tags }: Plan): string[] {
  return [
    ...tags.cleared.flatMap((name) => ["-metadata", `${name}=`]),
    ...Object.entries(tags.fixed).flatMap(([name, value]) => ["-metadata", `${name}=${value}`]),
  ];
}

/** The title stands in the handler's name, too: ffmpegs before 6 read it only there. */
function subtitleTracks({ subtitles, container }: Plan): string[] {
  return subtitles.flatMap(({ encoder, endless, language, title, flags }, n) => [
    ...[`-c:s:${n}`, encoder, `-disposition:s:${n}`, flags.length === 0 ? "0" : flags.join("+")],
    ...(endless ? [`-bsf:s:${n}`, `setts=duration=${ENDED}`] : []),
    ...(language === null ? [] : [`-metadata:s:s:${n}`, `language=${language}`]),
    ...(title === null ? [] : [`-metadata:s:s:${n}`, `title=${title}`]),
    ...(title === null || container === "mkv" ? [] : [`-metadata:s:s:${n}`, `handler_name=${title}`]),
  ]);
}

/**
 * A packet's duration, for ffmpeg's setts, that makes no film claim 49 days. Only where the clock stays as it is: what comes
 * before the encoders have begun, setts (5.1) has counted by the clock it came with, also where that is another.
 */
export const ENDED = "if(gt(DURATION*TB\\,86400)\\,0\\,DURATION)";

function attachmentTags({ filename, mimetype }: Plan["attachments"][number], n: number): string[] {
  const tag = `-metadata:s:t:${n}`;
  return [tag, `filename=${filename}`, tag, `mimetype=${mimetype}`];
}

/** What the source's tracks say of themselves that would be untrue of the result: mkvmerge's statistics, encoders, mp4's own words. */
function staleTags({ container }: Plan): string[] {
  const names = ["BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES"];
  const all = [
    ...names,
    ...names.map((name) => `${name}-eng`),
    "_STATISTICS_TAGS",
    "_STATISTICS_WRITING_APP",
    ...["_STATISTICS_WRITING_DATE_UTC", "encoder"],
    ...(container === "mkv" ? ["handler_name", "vendor_id", "name"] : []),
  ];
  return all.flatMap((name) => ["-metadata:s", `${name}=`]);
}

function muxer(plan: Plan): string[] {
  // A track may begin late, and nothing is written before; the memory is watched.
  const queue = ["-max_muxing_queue_size", "1000000"];
  if (plan.container === "mkv") return [...queue, "-f", "matroska"];
  // hvc1 is the form of HEVC that Apple's players take.
  const tag = plan.video.codec === "hevc" ? ["-tag:v:0", "hvc1"] : [];
  const flags = plan.tags.any_name ? "+faststart+use_metadata_tags" : "+faststart";
  return [...tag, ...queue, "-movflags", flags, "-f", "mp4"];
}
