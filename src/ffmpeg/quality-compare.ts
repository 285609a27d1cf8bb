import { NO_DEVICE_OPTIONS } from "../shared/gpu.ts";
import type { Measure } from "../shared/quality.ts";
import { type Arguments, GLOBAL } from "./args.ts";
import { byOwnClock, turning } from "./args-picture.ts";
import { type Cut, filters, hardware } from "./args-video.ts";
import { type EncodeRun, encode, type KillGraces } from "./encode.ts";
import { fileUrl, guardOptions, readOptions, sourceUrl } from "./guard.ts";
import { memoryLimit } from "./limits.ts";
import { isAway } from "./on-stream.ts";
import type { Plan } from "./plan.ts";
import { MEASURE_RECORDS } from "./quality-measures.ts";

/** A part of a film by the times of its pictures, in seconds as its file has them; null for all of it. */
export type Window = { from_s: number; to_s: number } | null;

export type CompareInput = {
  ffmpeg_path: string;
  plan: Plan;
  measure: Measure;
  source: string;
  /** Whether the source's container has a list of its keyframes. */
  indexed: boolean;
  /** What was made of it, and how much later its pictures are than the source's. */
  made: string;
  shift_s: number;
  window: Window;
  limits: { ffmpeg_timeout_ms: number; stall_timeout_ms: number };
  graces?: KillGraces | undefined;
  signal: AbortSignal;
};

/**
 * How alike pictures of a result and those of its source are, which go through the same filters first; null where ffmpeg
 * told no score, as it has compared nothing. Pictures are paired by their times.
 */
export async function compare(of: CompareInput): Promise<{ score: number | null; run: EncodeRun }> {
  const { width, height } = of.plan.video;
  const run = await encode({
    ffmpeg_path: of.ffmpeg_path,
    arguments: compareArguments(of),
    target_path: of.made,
    limits: of.limits,
    most: { memory_bytes: memoryLimit(4 * width * height), result_bytes: Number.POSITIVE_INFINITY },
    ...(of.graces === undefined ? {} : { graces: of.graces }),
    isStarved: () => isAway(of.source),
    signal: of.signal,
    onReport: () => undefined,
  });
  const { read } = MEASURE_RECORDS[of.measure];
  const scores = run.log.tail.split("\n").flatMap((line) => read(line) ?? []);
  const ended = run.stopped === "end_hang" || (run.stopped === null && run.code === 0);
  const whole = ended && run.log.cut === null;
  return { score: whole ? (scores.at(-1) ?? null) : null, run };
}

/** Before `-i`: begins to read some time before the window, at a keyframe where the container knows them. */
export function seekBefore(window: Window, indexed: boolean): string[] {
  const at_s = window === null ? 0 : window.from_s - (indexed ? AHEAD_S : AHEAD_UNINDEXED_S);
  const seek = at_s <= 0 ? [] : ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", at_s.toFixed(3)];
  // Times stay those of the file, so that two readings of it agree.
  return ["-copyts", ...seek];
}

const AHEAD_S = 1;
/** Where it does not, the first pictures after a seek may be broken, up to the next keyframe. */
const AHEAD_UNINDEXED_S = 10;

/** Filters that need the pictures around see some more of them than the window has. */
export function cutTo(window: Window): Cut {
  if (window === null) return { before: [], after: [] };
  const { from_s, to_s } = window;
  return { before: [trim(from_s - AROUND_S, to_s + AROUND_S)], after: [trim(from_s, to_s)] };
}

const AROUND_S = 0.5;

function trim(from_s: number, to_s: number): string {
  return `trim=start=${from_s.toFixed(6)}:end=${to_s.toFixed(6)}`;
}

/** The same pictures, by the file's own clock; on the CPU where the decoder's place does not change them. */
export function sampled(plan: Plan): Plan {
  if (plan.video.filter === "vulkan") return plan;
  return { ...plan, video: { ...byOwnClock(plan.video), decode: "cpu", decoded_format: null } };
}

/** Messages of `info` hold the score. */
const TELLING = GLOBAL.map((option) => option.replace("level+warning", "level+info"));

function compareArguments(of: CompareInput): Arguments {
  const { window, shift_s, plan } = of;
  const { plan: reference, chain } = referenceOf(sampled(plan));
  const record = MEASURE_RECORDS[of.measure];
  const same = [`format=${comparable(plan.video.pixel_format)}`, ...record.prepare(plan.video), "setsar=1"];
  const shifted = window && { from_s: window.from_s + shift_s, to_s: window.to_s + shift_s };
  const later_us = Math.round(shift_s * 1e6) - earlierBy(plan.video);
  const source = [...cutTo(window).before, ...chain, ...same, ...later(later_us)];
  const made = [...cutTo(shifted).after, ...same, ...later(0)];
  const graph = [
    `[0:${plan.video.index}]${source.join(",")}[source]`,
    `[1:v:0]${made.join(",")}[made]`,
    `[made][source]${record.filter(plan.video)}`,
  ].join(";");
  return {
    input: [
      ...[...TELLING, ...readOptions(of.source), ...turning(plan.video), ...hardware(reference)],
      ...[...seekBefore(window, of.indexed), "-i", sourceUrl(of.source)],
      ...[...guardOptions(of.made), ...seekBefore(shifted, true)],
    ],
    source: fileUrl(of.made),
    output: ["-filter_complex", graph, "-fps_mode", "passthrough", "-f", "null"],
    target: "-",
  };
}

/** What brings the source's pictures to what the encoder got of them. */
function referenceOf({ video, ...rest }: Plan): { plan: Plan; chain: string[] } {
  const cpu = { ...video, frames: "cpu", open: NO_DEVICE_OPTIONS } as const;
  if (video.filter === "cpu" || video.frames === "cpu")
    return { plan: { ...rest, video: cpu }, chain: filters(cpu) };
  const down = ["hwdownload", `format=${video.input_format}`];
  return { plan: { ...rest, video }, chain: [...filters(video), ...down] };
}

/** The measures want planes of brightness and colour. */
function comparable(pixel_format: string): string {
  if (/^yuv4(?:20|22|44)p(?:10le)?$/.test(pixel_format)) return pixel_format;
  return /1[0-6]/.test(pixel_format) ? "yuv444p10le" : "yuv444p";
}

/** In microseconds. A picture of the result is compared with the last one of the source that is not later. */
function later(by_us: number): string[] {
  return ["settb=1/1000000", by_us < 0 ? `setpts=PTS${by_us}` : `setpts=PTS+${by_us}`];
}

/** Matroska rounds times to milliseconds. */
function earlierBy({ frame_rate }: Plan["video"]): number {
  const frame_us = frame_rate === null ? 40_000 : (1e6 * frame_rate.den) / frame_rate.num;
  return Math.round(Math.min(2000, frame_us / 4));
}
