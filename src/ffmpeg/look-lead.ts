import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { captureTool } from "./tool.ts";

/**
 * The film, with how wrongly ffmpeg shows its first pictures. Matroska's clock may begin below zero; of what stands there
 * ffmpeg reads no times (matroskadec.c) and lets it begin with the file, be it the sound's beginning. The rate and the first time that
 * is told put it right.
 */
export async function lookAtLead(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  media: MediaInfo;
  film: VideoStream;
  signal?: AbortSignal | undefined;
}): Promise<VideoStream> {
  const { film, media } = of;
  if (media.start_s >= 0 || !media.format.startsWith("matroska") || !film.constant_rate) return film;
  const rate = film.base_frame_rate ?? 0;
  const count = Math.ceil(-media.start_s * rate) + MARGIN;
  if (count > MOST) return film;
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg.ffprobe_path, ...errorsOnly(of.path), "-threads", "1", ...guardOptions(of.path)],
      ...["-select_streams", String(film.index), "-read_intervals", `%+#${count}`, "-show_frames"],
      ...["-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0", sourceUrl(of.path)],
    ],
    ...{ limit_ms: 60_000, max_bytes: 1_000_000, max_memory_bytes: PROBE_MEMORY, signal: of.signal },
  });
  const lead = leadOf(run.stdout.toString().split("\n"), media.start_s, rate);
  return lead === null ? film : { ...film, lead };
}

/** Pictures that are decoded before the first one is shown. */
const MARGIN = 40;
/** A minute at 60 a second. */
const MOST = 3600;

/** `lines`: of each picture its time, as ffprobe tells it (`N/A` where it knows none), and perhaps more. */
export function leadOf(lines: string[], start_s: number, rate: number): Lead | null {
  const times = lines.flatMap((line) => /^(?:N\/A|-?\d+\.\d+)/.exec(line)?.[0] ?? []);
  const untold = times.findIndex((time) => time !== "N/A");
  if (untold <= 0) return null;
  const until_s = Number(times[untold]);
  const by_s = until_s - untold / rate - start_s;
  return Math.abs(by_s) < ROUNDING_S ? null : { until_s, by_s };
}

type Lead = NonNullable<VideoStream["lead"]>;
const ROUNDING_S = 0.002;
