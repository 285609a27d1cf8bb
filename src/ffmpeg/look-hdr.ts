import * as v from "valibot";
import type { VideoStream } from "../shared/media.ts";
import { isHdr } from "./color.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { mergeHdr, parseHdr } from "./probe-hdr.ts";
import { runTool } from "./tool.ts";

/** Whether a film's pictures may hold metadata of HDR that its container does not. */
export function mayBeHdr({ bit_depth, color, hdr, attached_picture }: VideoStream): boolean {
  return !attached_picture && (bit_depth > 8 || hdr !== null || isHdr(color.transfer));
}

/**
 * The stream with what its first keyframe says about colour and HDR: often only the pictures do (SEI messages, OBUs).
 * Costs a start of ffprobe, and a second one where an edit list hides the keyframe. Throws VcError("ffmpeg") if that
 * does not start.
 */
export async function lookAtColor(of: {
  ffprobe_path: string;
  path: string;
  film: VideoStream;
  signal?: AbortSignal | undefined;
}): Promise<VideoStream> {
  for (const reach of [NEAR, FAR]) {
    const frames = await readFrames(of, reach);
    if (frames.length > 0) return frames.reduce(withFrame, of.film);
  }
  return of.film;
}

/** A recording that was cut in begins with pictures that cannot be decoded; some way on is the next whole one. */
const NEAR = { packets: 30, options: ["-threads", "1", "-skip_frame", "nokey"] };
/** What an edit list hides is decoded and thrown away, keyframes above all. */
const FAR = { packets: 600, options: [] };

const LIMIT_MS = 60_000;
const MAX_BYTES = 16_000_000;

async function readFrames(of: Parameters<typeof lookAtColor>[0], reach: typeof NEAR): Promise<Frame[]> {
  const pieces: Uint8Array[] = [];
  const run = await runTool({
    argv: command(of, reach),
    limit_ms: LIMIT_MS,
    max_bytes: MAX_BYTES,
    max_memory_bytes: PROBE_MEMORY,
    signal: of.signal,
    onOutput: (piece) => pieces.push(piece),
  });
  return run.code === 0 && !run.too_long ? parseFrames(Buffer.concat(pieces).toString("utf8")) : [];
}

function command(
  { ffprobe_path, path, film }: Parameters<typeof lookAtColor>[0],
  { packets, options }: typeof NEAR,
): string[] {
  const shown = "color_range,color_space,color_primaries,color_transfer,chroma_location";
  return [
    ...[ffprobe_path, ...errorsOnly(path), ...options, ...guardOptions(path)],
    ...["-select_streams", String(film.index), "-read_intervals", `%+#${packets}`, "-show_frames"],
    ...["-show_entries", `frame=${shown}:frame_side_data`, "-of", "json=compact=1", sourceUrl(path)],
  ];
}

const text = v.fallback(v.nullable(v.string()), null);
const Frame = v.object({
  ...{ color_range: text, color_space: text, color_primaries: text, color_transfer: text },
  chroma_location: text,
  side_data_list: v.fallback(v.array(v.looseObject({ side_data_type: text })), []),
});
type Frame = v.InferOutput<typeof Frame>;

const Frames = v.object({ frames: v.fallback(v.array(Frame), []) });

function parseFrames(json: string): Frame[] {
  try {
    const parsed = v.safeParse(Frames, JSON.parse(json));
    return parsed.success ? parsed.output.frames : [];
  } catch {
    return [];
  }
}

function withFrame(film: VideoStream, frame: Frame): VideoStream {
  const { color } = film;
  const transfer = known(frame.color_transfer);
  return {
    ...film,
    color: {
      primaries: color.primaries ?? known(frame.color_primaries),
      // HLG made for old receivers is called SDR in its header, and HLG by a message in its pictures (ITU-T H.265, E.3).
      transfer: transfer === "arib-std-b67" ? transfer : (color.transfer ?? transfer),
      matrix: color.matrix ?? known(frame.color_space),
      range: color.range ?? known(frame.color_range),
    },
    chroma_location: film.chroma_location ?? known(frame.chroma_location),
    hdr: mergeHdr(film.hdr, parseHdr(frame.side_data_list)),
  };
}

function known(name: string | null): string | null {
  return name === null || ["unknown", "unspecified", "reserved"].includes(name) ? null : name;
}
