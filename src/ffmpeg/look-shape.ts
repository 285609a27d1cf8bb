import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { Rational, VideoStream } from "../shared/media.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { captureTool } from "./tool.ts";

/**
 * The film in the shape that most of its pictures have. Broadcasts change between wide and narrow, and recordings their
 * size. Asks ffprobe about a few pictures at each place (`count` packets from `starts_s` on, by the file's own clock; 0 is its beginning): ffmpeg since 7.1 shows all
 * pictures of a stream in the shape of its first.
 */
export async function lookAtShape(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  film: VideoStream;
  starts_s: number[];
  count: number;
  signal?: AbortSignal | undefined;
}): Promise<VideoStream> {
  const { film } = of;
  const intervals = of.starts_s.map((start_s) => `${start_s === 0 ? "" : start_s.toFixed(3)}%+#${of.count}`);
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg.ffprobe_path, ...errorsOnly(of.path), "-threads", "1", ...guardOptions(of.path)],
      ...["-select_streams", String(film.index), "-read_intervals", intervals.join(","), "-show_frames"],
      ...[
        "-show_entries",
        "frame=width,height,sample_aspect_ratio",
        "-of",
        "compact=p=0",
        sourceUrl(of.path),
      ],
    ],
    limit_ms: 60_000,
    max_bytes: 1_000_000,
    max_memory_bytes: PROBE_MEMORY,
    signal: of.signal,
  });
  const shapes = [...run.stdout.toString("utf8").matchAll(SHAPE)].map(([, width, height, aspect = ""]) => ({
    said: `${width}x${height} with pixels of ${aspect.replace(":", "/")}`,
    aspect: parseAspect(aspect),
  }));
  return withShapes(film, shapes);
}

/** Such as `width=720|height=576|sample_aspect_ratio=16:11`. */
const SHAPE = /^width=(\d+)\|height=(\d+)\|sample_aspect_ratio=(\d+:\d+)/gm;

function withShapes(film: VideoStream, shapes: { said: string; aspect: Rational | null }[]): VideoStream {
  const count = (said: string) => shapes.filter((one) => one.said === said).length;
  const kinds = [...new Set(shapes.map(({ said }) => said))];
  if (kinds.length < 2) return film;
  const most = shapes.reduce((best, one) => (count(one.said) > count(best.said) ? one : best));
  const told = `The film's pictures change their shape on the way (${kinds.join(", ")}); all are shown as most of them are.`;
  const sample_aspect_ratio = most.aspect ?? film.sample_aspect_ratio;
  return { ...film, sample_aspect_ratio, oddities: [...film.oddities, told] };
}

function parseAspect(text: string): Rational | null {
  const [num = 0, den = 0] = text.split(":").map(Number);
  return num > 0 && den > 0 && num / den <= 10 && den / num <= 10 ? { num, den } : null;
}
