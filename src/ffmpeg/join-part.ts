import * as v from "valibot";
import type { AudioStream, VideoStream } from "../shared/media.ts";
import { sourceUrl } from "./guard.ts";
import { joinedSource, partUrl } from "./joined.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { measure } from "./measure.ts";
import { EMPTY_TIMELINE, type Timeline } from "./timeline.ts";
import { captureTool } from "./tool.ts";

/** Bytes of a file that make a film by themselves. */
export type Span = { from: number; to: number };

/** What was found there. `id`: of a track, as ffmpeg names it in lists; `pixels`: their shape, of pictures. */
export type Part = Span & {
  duration_s: number;
  tracks: { id: string; kind: string; codec: string; pixels: string }[];
  begins_with_keyframe: boolean;
};

type Of = {
  ffprobe_path: string;
  path: string;
  format: string;
  span: Span;
  signal?: AbortSignal | undefined;
};

/** Reads all of a part, as its length is needed to the frame; null where it holds no film. */
export async function measurePart(of: Of): Promise<Part | null> {
  const { path, format, span } = of;
  const told = await tell(of);
  if (told === null) return null;
  const tracks = told.tracks.map(({ id }) => id);
  const alone = { path, url: sourceUrl(path), format, tracks, parts: [{ ...span, duration_s: null }] };
  const measured = await measure({ ...of, path: joinedSource(alone) });
  if ("refusal" in measured) return null;
  const { media, timelines } = measured;
  const ends_s = [...media.video, ...media.audio].map((track) => endOf(track, timelines.get(track.index)));
  const duration_s = Math.max(0, ...ends_s);
  return duration_s === 0 ? null : { ...span, ...told, duration_s };
}

/** Some pictures tell only when they are decoded: where each takes as long, their number tells the end. */
function endOf(track: VideoStream | AudioStream, timeline: Timeline = EMPTY_TIMELINE): number {
  const { first_s, last_s, end_s, packets } = timeline;
  if (!("frame_rate" in track)) return end_s ?? 0;
  const frame_s = 1 / (track.frame_rate ?? 25);
  const counted_s = track.constant_rate ? (first_s ?? 0) + packets * frame_s : 0;
  return Math.max(end_s ?? 0, (last_s ?? 0) + frame_s, counted_s);
}

const text = v.fallback(v.string(), "unknown");
const SQUARE = "1:1";
const Told = v.object({
  streams: v.array(
    v.object({
      ...{ index: v.number(), id: text, codec_type: text, codec_name: text },
      sample_aspect_ratio: v.fallback(v.string(), SQUARE),
    }),
  ),
  packets: v.fallback(v.array(v.object({ stream_index: v.number(), flags: text })), []),
});

/** Only where a part is read by itself ffprobe names the ids of its tracks. */
async function tell({ ffprobe_path, path, format, span, signal }: Of) {
  const run = await captureTool({
    argv: [
      ...[ffprobe_path, "-v", "error", "-protocol_whitelist", "subfile,file", "-format_whitelist", format],
      ...[
        "-show_entries",
        "stream=index,id,codec_type,codec_name,sample_aspect_ratio:packet=stream_index,flags",
      ],
      ...["-read_intervals", `%+#${FEW}`, "-of", "json", partUrl(sourceUrl(path), span)],
    ],
    ...{ limit_ms: LIMIT_MS, max_bytes: 1_000_000, max_memory_bytes: PROBE_MEMORY, signal },
  });
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Told), run.stdout.toString());
  if (run.code !== 0 || !parsed.success) return null;
  const { streams, packets } = parsed.output;
  const film = streams.find(({ codec_type }) => codec_type === "video");
  const [begin] = packets.filter(({ stream_index }) => stream_index === film?.index);
  return {
    tracks: streams.map(({ id, codec_type, codec_name, sample_aspect_ratio }) => ({
      ...{ id, kind: codec_type, codec: codec_name },
      pixels: sample_aspect_ratio.startsWith("0:") ? SQUARE : sample_aspect_ratio,
    })),
    begins_with_keyframe: begin?.flags.startsWith("K") === true,
  };
}

const LIMIT_MS = 60_000;
/** Packets, among which the film's first one surely is. */
const FEW = 200;
