import * as v from "valibot";
import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { VideoStream } from "../shared/media.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { parseTurn } from "./probe-geometry.ts";
import { captureTool } from "./tool.ts";

/** The film, turned as its first picture says (an SEI message of H.264 and HEVC) where its container does not say. */
export async function lookAtTurn(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  film: VideoStream;
  signal?: AbortSignal | undefined;
}): Promise<VideoStream> {
  const { film } = of;
  if (film.rotation !== 0 || film.mirrored || film.tilted !== null) return film;
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg.ffprobe_path, ...errorsOnly(of.path), "-threads", "1", ...guardOptions(of.path)],
      ...["-select_streams", String(film.index), "-read_intervals", "%+#2", "-show_frames"],
      ...["-show_entries", "frame=key_frame:frame_side_data", "-of", "json=compact=1", sourceUrl(of.path)],
    ],
    limit_ms: 60_000,
    max_bytes: 1_000_000,
    max_memory_bytes: PROBE_MEMORY,
    signal: of.signal,
  });
  const frames = v.safeParse(Frames, run.code === 0 ? parse(run.stdout.toString("utf8")) : null);
  const told = (frames.success ? frames.output.frames : []).flatMap(({ side_data_list }) => side_data_list);
  const matrix = told.find(({ displaymatrix }) => displaymatrix !== null)?.displaymatrix ?? null;
  return matrix === null ? film : withTurn(film, parseTurn(matrix));
}

function withTurn(film: VideoStream, turn: ReturnType<typeof parseTurn>): VideoStream {
  return { ...film, ...turn, turned_in_pictures: turn.rotation !== 0 || turn.mirrored };
}

const SideData = v.object({ displaymatrix: v.fallback(v.nullable(v.string()), null) });
const Frames = v.object({
  frames: v.array(v.object({ side_data_list: v.fallback(v.array(SideData), []) })),
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
