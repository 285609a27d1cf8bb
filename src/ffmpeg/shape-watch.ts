import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import type { Arguments } from "./args.ts";
import { createHeaders } from "./headers.ts";
import { lookAtShape } from "./look-shape.ts";
import { captureTool } from "./tool.ts";

/** `also` is for ffmpeg beside the film itself; `read` takes the lines that come of it, and says which those are. */
export type ShapeWatch = {
  also: NonNullable<Arguments["also"]>;
  read(line: string): boolean;
  /** After the run: the film with the shapes that nobody had seen; null where there are none. */
  look(signal: AbortSignal): Promise<VideoStream | null>;
  /** Pictures that the decoder has lost at changes: ffmpeg's of MPEG-2 begins anew there, whatever the container says of shapes. */
  lost(): number;
};

/**
 * Watches, while a recording is encoded, whether its pictures change their shape where nobody looked before: the few bytes
 * that tell the shape stand in each group of pictures, and ffmpeg lists their sums as it reads on. Where they change, those
 * places are looked at. Decoders tell less: ffmpeg since 7.1 shows all pictures in the shape of the first. Null for films that
 * are known to change, or that cannot be watched.
 */
export async function watchShapes(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  media: MediaInfo;
  index: number;
}): Promise<ShapeWatch | null> {
  const film = of.media.video.find(({ index }) => index === of.index);
  const unit = film === undefined ? undefined : headerUnit(film, of.media);
  if (film === undefined || unit === undefined || film.shapes !== undefined) return null;
  if (!(await canList(of.ffmpeg.path))) return null;
  const headers = createHeaders();
  return {
    also: { output: listing(of.index, unit), target: "pipe:2" },
    read: headers.read,
    lost: () => (film.codec.startsWith("mpeg") ? headers.changes() : 0),
    async look(signal) {
      const changes_s = headers.changes_s();
      if (changes_s.length === 0) return null;
      const starts_s = changes_s.map((at_s) => at_s + of.media.start_s);
      const seen = await lookAtShape({ ...of, film, starts_s, count: PICTURES, signal });
      return seen.shapes === undefined ? null : seen;
    },
  };
}

/** To be looked at in each place. Two of one shape are needed, and the first may be those before a change. */
const PICTURES = 16;

/**
 * The sequence header of MPEG-1 and 2 (ISO 13818-2, table 6-1), and the sequence parameter set of H.264 and HEVC (tables 7-1
 * there), as these are named in the stream.
 */
const UNITS: Record<string, number> = { mpeg1video: 0xb3, mpeg2video: 0xb3, h264: 7, hevc: 33 };
const RECORDED = ["mpegts", "mpeg"];

/** In Matroska, MPEG-2 keeps what it said on a disc or in a broadcast; others say it once for the whole file. */
function headerUnit({ codec }: VideoStream, { format }: MediaInfo): number | undefined {
  const kept = format.startsWith("matroska") && codec.startsWith("mpeg");
  return RECORDED.includes(format) || kept ? UNITS[codec] : undefined;
}

function listing(index: number, unit: number): string[] {
  return [
    ...["-map", `0:${index}`, "-c", "copy", "-bsf:v", `filter_units=pass_types=${unit}`],
    ...["-map_metadata", "-1", "-map_chapters", "-1", "-flush_packets", "1", "-f", "framecrc"],
  ];
}

const LIMIT_MS = 60_000;
const able = new Map<string, Promise<boolean>>();

/** Small builds of ffmpeg may lack one of both. */
function canList(ffmpeg_path: string): Promise<boolean> {
  const known = able.get(ffmpeg_path) ?? ask(ffmpeg_path);
  able.set(ffmpeg_path, known);
  return known;
}

async function ask(ffmpeg_path: string): Promise<boolean> {
  const lists = { "-bsfs": /^filter_units\s*$/m, "-muxers": /^ *E *framecrc\s/m };
  for (const [option, wanted] of Object.entries(lists)) {
    const argv = [ffmpeg_path, "-hide_banner", option];
    const { stdout } = await captureTool({ argv, limit_ms: LIMIT_MS, max_bytes: 1_000_000 });
    if (!wanted.test(stdout.toString("utf8"))) return false;
  }
  return true;
}
