import type { Scan, VideoStream } from "../shared/media.ts";
import { parseGeometry } from "./probe-geometry.ts";
import { parseHdr } from "./probe-hdr.ts";
import type { ProbedStream } from "./probe-schema.ts";

/** One video stream of ffprobe's answer, normalized; `container_duration_s` bounds what the stream may claim. */
export function parseVideoStream(stream: ProbedStream, container_duration_s: number | null): VideoStream {
  const pixel_format = stream.pix_fmt ?? "unknown";
  const frame_rate = rate(stream.avg_frame_rate);
  const base_frame_rate = rate(stream.r_frame_rate);
  return {
    index: stream.index,
    codec: stream.codec_name ?? "unknown",
    profile: stream.profile,
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    ...parseGeometry(stream),
    pixel_format,
    bit_depth: bitDepth(pixel_format, stream.bits_per_raw_sample),
    chroma: chroma(pixel_format),
    hidden_alpha: stream.tags.alpha_mode === "1" || stream.tags.ALPHA_MODE === "1",
    frame_rate,
    base_frame_rate,
    constant_rate: isConstant(frame_rate, base_frame_rate),
    exact_rate: base_frame_rate === null ? null : stream.r_frame_rate,
    time_base: stream.time_base ?? { num: 1, den: 90_000 },
    bit_rate: stream.bit_rate ?? taggedBitRate(stream),
    duration_s: claimedDuration(stream, container_duration_s),
    start_s: stream.start_time ?? 0,
    frames: stream.nb_frames === 0 ? null : stream.nb_frames,
    interlaced: FIELD_ORDERS.includes(stream.field_order ?? ""),
    scan: scanOf(stream.field_order ?? ""),
    color: {
      primaries: known(stream.color_primaries),
      transfer: known(stream.color_transfer),
      matrix: known(stream.color_space),
      range: known(stream.color_range),
    },
    chroma_location: known(stream.chroma_location),
    language: known(stream.tags.language ?? null),
    title: stream.tags.title ?? null,
    hdr: parseHdr(stream.side_data_list),
    attached_picture: stream.disposition.attached_pic === 1,
    filename: stream.tags.filename ?? null,
    mimetype: stream.tags.mimetype ?? null,
    still: stream.disposition.timed_thumbnails === 1 || stream.disposition.still_image === 1,
    default: stream.disposition.default === 1,
    captions: false,
  };
}

/** Above 1000 frames a second it is the time base of a file that does not know its rate. */
function rate(ratio: { num: number; den: number } | null): number | null {
  const value = ratio === null ? null : ratio.num / ratio.den;
  return value !== null && value <= 1000 ? value : null;
}

function isConstant(average: number | null, base: number | null): boolean {
  return average !== null && base !== null && Math.abs(average - base) / base < 0.001;
}

const FIELD_ORDERS = ["tt", "bb", "tb", "bt"];

/** The second letter tells which field is shown first, the other which is stored first. */
function scanOf(field_order: string): Scan {
  if (!FIELD_ORDERS.includes(field_order)) return { kind: "progressive", first: null, seen: false };
  return { kind: "interlaced", first: field_order.endsWith("t") ? "top" : "bottom", seen: false };
}

/** ffmpeg's names end in the bits of a sample above 8: yuv420p10le, p010le, gray12le, ya16le, gbrp16be. */
function bitDepth(pixel_format: string, raw: number | null): number {
  const named = /(?:p|gray|ya|p[024])(9|10|12|14|16)(?:le|be)$/.exec(pixel_format)?.[1];
  if (named !== undefined) return Number(named);
  if (/^(?:rgb|bgr|x2rgb10|x2bgr10).*(?:48|64|10)/.test(pixel_format))
    return pixel_format.startsWith("x2") ? 10 : 16;
  return raw !== null && raw > 8 && raw <= 16 && pixel_format === "unknown" ? raw : 8;
}

function chroma(pixel_format: string): VideoStream["chroma"] {
  if (/^(?:gbr|rgb|bgr|argb|abgr|0rgb|0bgr|x2rgb|x2bgr|pal8)/.test(pixel_format)) return "rgb";
  if (/^(?:gray|ya|mono)/.test(pixel_format)) return "gray";
  if (/444/.test(pixel_format) || /^p4/.test(pixel_format)) return "444";
  if (/42[02]/.test(pixel_format)) return pixel_format.includes("420") ? "420" : "422";
  if (/^(?:nv12|nv21|p01[0-6])/.test(pixel_format)) return "420";
  return /^(?:p2|nv16|uyvy|yuyv)/.test(pixel_format) ? "422" : "other";
}

/** mkvmerge's statistics: bits per second of one track. */
function taggedBitRate(stream: ProbedStream): number | null {
  const value = Number(stream.tags.BPS ?? stream.tags["BPS-eng"]);
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/**
 * From Matroska's DURATION tag, or from the header: in Matroska, which has no such header, ffprobe gives some tracks the
 * length of the whole file. A claim beyond the container's own is left over from elsewhere.
 */
export function claimedDuration(stream: ProbedStream, container_s: number | null): number | null {
  if (container_s === null) return null;
  const claims = [parseClock(stream.tags.DURATION), stream.duration];
  return claims.find((claim) => claim !== null && claim > 0 && claim <= container_s + 1) ?? null;
}

function parseClock(text: string | undefined): number | null {
  const match = /^(\d+):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(text ?? "");
  return match === null ? null : Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}

function known(name: string | null): string | null {
  return name === null || ["unknown", "unspecified", "reserved", "und"].includes(name) ? null : name;
}
