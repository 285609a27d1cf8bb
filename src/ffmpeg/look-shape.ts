import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { PictureShape, VideoStream } from "../shared/media.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { createLines } from "./lines.ts";
import { runTool } from "./tool.ts";

/**
 * The film in the shape that most of its pictures have. Broadcasts change between wide and narrow, and recordings their
 * size. Asks ffprobe about a few pictures at each place (`count` packets from `starts_s` on, by the file's own clock; 0
 * is its beginning), and where they differ about all pictures that stand for themselves, which reads the file once.
 * ffmpeg since 7.1 shows all pictures of a stream in the shape of its first.
 */
export async function lookAtShape(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  film: VideoStream;
  starts_s: number[];
  count: number;
  signal?: AbortSignal | undefined;
}): Promise<VideoStream> {
  const intervals = of.starts_s.map((start_s) => `${start_s === 0 ? "" : start_s.toFixed(3)}%+#${of.count}`);
  const few = await readShapes(of, ["-read_intervals", intervals.join(",")], LOOK_LIMIT_MS);
  if (few.shapes.length < 2) return of.film;
  const all = await readShapes(of, ["-skip_frame", "nointra"], SCAN_LIMIT_MS);
  // Where that cannot be read, places tell at least what there is.
  return withShapes(of.film, all.whole && all.shapes.length > 1 ? all : few);
}

const LOOK_LIMIT_MS = 60_000;
/** As long as it takes to read the largest film over a slow network. */
const SCAN_LIMIT_MS = 6 * 3600 * 1000;

/** Such as `best_effort_timestamp_time=1.440000|width=720|height=576|sample_aspect_ratio=16:11`. */
const SHAPE =
  /^best_effort_timestamp_time=(-?[\d.]+)\|width=(\d+)\|height=(\d+)\|sample_aspect_ratio=(\d+):(\d+)/;

type Shapes = { shapes: PictureShape[]; last_s: number };

/** Where pictures have another shape than those before them. */
async function readShapes(
  of: Parameters<typeof lookAtShape>[0],
  which: string[],
  limit_ms: number,
): Promise<Shapes & { whole: boolean }> {
  const changes = createChanges();
  const lines = createLines((line) => {
    const shape = parseShape(line);
    if (shape !== null) changes.add(shape);
  });
  const fields = "frame=best_effort_timestamp_time,width,height,sample_aspect_ratio";
  const run = await runTool({
    argv: [
      ...[of.ffmpeg.ffprobe_path, ...errorsOnly(of.path), "-threads", "1", ...guardOptions(of.path)],
      ...["-select_streams", String(of.film.index), ...which, "-show_frames"],
      ...["-show_entries", fields, "-of", "compact=p=0", sourceUrl(of.path)],
    ],
    ...{ limit_ms, max_bytes: MOST_BYTES, max_memory_bytes: PROBE_MEMORY, signal: of.signal },
    onOutput: lines.add,
  });
  lines.end();
  return { ...changes.result(), whole: !run.timed_out && !run.too_long && !run.too_large };
}

/** Two days of pictures. */
const MOST_BYTES = 1_000_000_000;

function parseShape(line: string): PictureShape | null {
  const [from_s = 0, width = 0, height = 0, num = 0, den = 0] = (SHAPE.exec(line) ?? []).slice(1).map(Number);
  if (width === 0 || height === 0) return null;
  const sane = num > 0 && den > 0 && num / den <= 10 && den / num <= 10;
  return { from_s, width, height, sample_aspect_ratio: sane ? { num, den } : { num: 1, den: 1 } };
}

/** One picture alone is damage, which may claim any size. */
export function createChanges(): { add(shape: PictureShape): void; result(): Shapes } {
  const shapes: PictureShape[] = [];
  let last_s = 0;
  let alone: PictureShape | null = null;
  return {
    add(shape) {
      last_s = shape.from_s;
      const now = shapes.at(-1);
      if (now !== undefined && shapeName(now) === shapeName(shape)) alone = null;
      else if (alone === null || shapeName(alone) !== shapeName(shape)) alone = shape;
      else {
        shapes.push(alone);
        alone = null;
      }
    },
    result: () => ({ shapes, last_s }),
  };
}

function shapeName({ width, height, sample_aspect_ratio: { num, den } }: PictureShape): string {
  return `${width}x${height} with pixels of ${num}/${den}`;
}

/** The shape that is shown for the longest time, so large that no picture that is stored larger must be made smaller. */
export function withShapes(film: VideoStream, { shapes, last_s }: Shapes): VideoStream {
  const [first] = shapes;
  if (first === undefined) return film;
  const shown_s = (shape: PictureShape) =>
    shapes.reduce((sum, one, n) => {
      const until_s = shapes[n + 1]?.from_s ?? last_s;
      return shapeName(one) === shapeName(shape) ? sum + Math.max(0, until_s - one.from_s) : sum;
    }, 0);
  const most = shapes.reduce((best, one) => (shown_s(one) > shown_s(best) ? one : best), first);
  const larger = shapes.filter(({ width, height }) => width * height > most.width * most.height);
  const factors = larger.flatMap((one) => [shownWidth(one) / shownWidth(most), one.height / most.height]);
  const factor = Math.max(1, ...factors);
  return {
    ...film,
    ...{ width: Math.round(most.width * factor), height: Math.round(most.height * factor) },
    ...{ sample_aspect_ratio: most.sample_aspect_ratio, shapes },
  };
}

function shownWidth({ width, sample_aspect_ratio: { num, den } }: PictureShape): number {
  return (width * num) / den;
}
