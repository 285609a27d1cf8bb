import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BIT_DEPTHS, SOURCE_CODECS } from "../shared/gpu.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { FAMILIES } from "./encoders/families.ts";
import { fileUrl } from "./guard.ts";
import type { Plan } from "./plan.ts";
import { isScaled, type Size, turned } from "./plan-size.ts";
import { runTool } from "./tool.ts";
import { type ClipFile, layOutClip, rateClip } from "./trial-clips.ts";

/**
 * What a film's ways are measured with: pictures of its kind in 1080p, or in the next larger size that the encoders on
 * its ladder take.
 */
export type RateFilm = Size & {
  codec: string;
  bit_depth: number;
  chroma: "420" | "422" | "444";
  /** What marks HDR, such as smpte2084; null for everything else. */
  transfer: string | null;
  scaled_to: Size | null;
  /** What else is done to the pictures, and what they are in the end. */
  made: string;
};

/** Rates hold for all sizes of film; what counts is its kind of picture, and whether its size is to be changed. */
export function rateFilm({ media, ladder }: { media: MediaInfo; ladder: Plan[] }): RateFilm | null {
  const [best] = ladder;
  const film = media.video.find(({ index }) => index === best?.video.index);
  if (film === undefined || best === undefined) return null;
  const align = alignOf(ladder);
  const width = Math.ceil(1920 / align.width) * align.width;
  const height = Math.ceil(1080 / align.height) * align.height;
  const { inner, fields, tone_map, pixel_format } = best.video;
  const from = turned(film);
  // Steeper ways of making it smaller are the CPU's.
  const steep = from.width > 2 * inner.width || from.height > 2 * inner.height;
  const part = steep ? 1 / 3 : 2 / 3;
  return {
    ...{ codec: film.codec, bit_depth: film.bit_depth, chroma: chromaOf(film), width, height },
    transfer: HDR.find((one) => one === film.color.transfer) ?? null,
    scaled_to: isScaled(film, best.video)
      ? { width: Math.round(width * part), height: Math.round(height * part) }
      : null,
    made: [fields?.how, tone_map === null ? null : "tone mapped", pixel_format].filter(Boolean).join(" "),
  };
}

/** What of it is not part of a rung, as text: rates are kept by both. */
export function rateKind({ width, height, chroma, transfer, scaled_to, made }: RateFilm): string {
  const hdr = transfer === null ? "" : ` ${transfer}`;
  const scaled = scaled_to === null ? "" : ` to ${scaled_to.width}x${scaled_to.height}`;
  return `${width}x${height} ${chroma}${hdr}${scaled} ${made}`;
}

/**
 * The same way for the clip: but for its size, all that its speed depends on is the film's. Null where the GPU would
 * decode what only stands in for the film's codec.
 */
export function likePlan(plan: Plan, film: RateFilm, clip: VideoStream): Plan | null {
  if (plan.rung.decode === "vulkan" && clip.codec !== film.codec) return null;
  const { width, height } = film.scaled_to ?? film;
  return {
    ...plan,
    ...{ audio: [], subtitles: [], attachments: [], covers: [] },
    video: {
      ...plan.video,
      ...{
        index: clip.index,
        width,
        height,
        inner: { width, height },
        sample_aspect_ratio: { num: 1, den: 1 },
      },
      ...{
        crop: null,
        turn: { rotation: 0, mirrored: false, by_ffmpeg: true },
        scaled: film.scaled_to !== null,
        fit: null,
      },
      ...{ hdr: null, sheds: false, frame_rate: clip.exact_rate, time_base: clip.time_base },
    },
  };
}

/** `folder` also has room for what is made of the clip. */
export type ClipFolder = { path: string; folder: string; remove(): Promise<void> };

/**
 * Lays out a clip of the film's kind, to be looped: one that vc carries, or one made of it by this ffmpeg, in the
 * film's own codec where it has an encoder for that. Null where it cannot make any.
 */
export async function layOutRateClip(
  film: RateFilm,
  { ffmpeg_path, signal }: { ffmpeg_path: string; signal: AbortSignal },
): Promise<ClipFolder | null> {
  const folder = await mkdtemp(join(tmpdir(), "vc-rates-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const carried = carriedClip(film);
    if (carried !== null) return { path: await layOutClip(carried, folder), folder, remove };
    const path = await make(film, { ffmpeg_path, folder, signal });
    if (path !== null) return { path, folder, remove };
    await remove();
    return null;
  } catch (error) {
    await remove();
    throw error;
  }
}

function carriedClip({ codec, bit_depth, chroma, transfer, width, height }: RateFilm): ClipFile | null {
  const known = SOURCE_CODECS.find((one) => one === codec);
  const depth = BIT_DEPTHS.find((one) => one === bit_depth);
  const clip = known === undefined || depth === undefined ? null : rateClip(known, depth);
  const fits = clip?.width === width && clip.height === height && chroma === "420" && transfer === null;
  return fits ? clip : null;
}

async function make(
  film: RateFilm,
  { ffmpeg_path, folder, signal }: { ffmpeg_path: string; folder: string; signal: AbortSignal },
): Promise<string | null> {
  const deep = film.bit_depth > 8;
  const base = deep ? rateClip("hevc", 10) : rateClip("h264", 8);
  if (base === null) return null;
  const from = await layOutClip(base, folder);
  const path = join(folder, "made.mkv");
  for (const encoder of makersOf(film)) {
    const run = await runTool({
      argv: [
        ...[ffmpeg_path, "-nostdin", "-y", "-v", "error", "-i", fileUrl(from), "-map", "0:v:0"],
        ...["-vf", `scale=${film.width}:${film.height},format=yuv${film.chroma}p${deep ? "10le" : ""}`],
        ...["-c:v", ...encoder, ...markedAs(film.transfer), "-f", "matroska", fileUrl(path)],
      ],
      ...{ limit_ms: MAKE_MS, max_bytes: 1_000_000, signal, onOutput: () => undefined },
    });
    if (run.code === 0) return path;
  }
  return null;
}

const MAKE_MS = 120_000;
const HDR = ["smpte2084", "arib-std-b67"];

function markedAs(transfer: string | null): string[] {
  if (transfer === null) return [];
  return ["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"];
}

/**
 * Encoders of the film's codec; behind them what stands in for one that ffmpeg can decode only (VC-1, for one): the way
 * of the GPU decodes it on the CPU, too, so that the comparison is a fair one all the same.
 */
function makersOf({ codec, bit_depth, chroma }: RateFilm): string[][] {
  const plain = bit_depth === 8 && chroma === "420";
  return [...(MAKERS[codec] === undefined ? [] : [MAKERS[codec]]), ...(plain ? [MPEG4] : []), ["ffv1"]];
}

const MPEG4 = ["mpeg4", "-q:v", "4"];
const MAKERS: Record<string, string[]> = {
  h264: ["libx264", "-preset", "superfast"],
  hevc: ["libx265", "-preset", "superfast", "-x265-params", "log-level=error"],
  av1: ["libsvtav1", "-preset", "10"],
  vp9: ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
  vp8: ["libvpx", "-deadline", "realtime", "-cpu-used", "8"],
  mpeg1video: ["mpeg1video", "-q:v", "4"],
  mpeg2video: ["mpeg2video", "-q:v", "4"],
  mpeg4: MPEG4,
  mjpeg: ["mjpeg", "-q:v", "4", "-strict", "unofficial"],
  prores: ["prores_ks"],
  dnxhd: ["dnxhd", "-profile:v", "dnxhr_hq"],
  theora: ["libtheora", "-q:v", "7"],
  ffv1: ["ffv1"],
};

function chromaOf({ chroma }: VideoStream): RateFilm["chroma"] {
  if (chroma === "420" || chroma === "gray") return "420";
  return chroma === "422" ? "422" : "444";
}

/** What all encoders on the ladder take: the alignments that there are divide each other. */
function alignOf(ladder: Plan[]): Size {
  const aligns = ladder.flatMap(({ video }) => {
    const encoder = FAMILIES.flatMap(({ encoders }) => encoders).find((one) => one.encoder === video.encoder);
    return encoder?.formats.find(({ input }) => input === video.input_format)?.align ?? [];
  });
  return {
    width: Math.max(1, ...aligns.map(({ width }) => width)),
    height: Math.max(1, ...aligns.map(({ height }) => height)),
  };
}
