import type { VideoStream } from "../shared/media.ts";

export type Color = VideoStream["color"];

/** Perceptual quantizer (SMPTE ST 2084) and hybrid log-gamma (ARIB STD-B67): the curves of HDR, by ffmpeg's names. */
export function isHdr(transfer: string | null): boolean {
  return transfer === "smpte2084" || transfer === "arib-std-b67";
}

/** The film's tags without the names that ffmpeg's options do not take; what cannot be told stays untold. */
export function tellable(color: Color): Color {
  const told = (known: string[], name: string | null) =>
    name !== null && known.includes(name) ? name : null;
  return {
    primaries: told(PRIMARIES, color.primaries),
    transfer: told(TRANSFERS, color.transfer),
    matrix: told(MATRICES, color.matrix),
    range: told(RANGES, color.range),
  };
}

/** Options that tell an encoder a film's colour tags. */
export function colorTags(color: Color): string[] {
  const { primaries, transfer, matrix, range } = tellable(color);
  return [
    ...given("-color_primaries", primaries),
    ...given("-color_trc", RENAMED[transfer ?? ""] ?? transfer),
    ...given("-colorspace", matrix),
    ...given("-color_range", range),
  ].flat();
}

/** The options of the filter setparams that say of pictures, without touching them, what colorTags says. */
export function colorParams(color: Color): string {
  const { primaries, transfer, matrix, range } = tellable(color);
  return [
    ...given("color_primaries", primaries),
    ...given("color_trc", transfer),
    ...given("colorspace", matrix),
    ...given("range", range),
  ]
    .map(([name, value]) => `${name}=${value}`)
    .join(":");
}

/**
 * The filter that lets pictures of any matrix through the scaler, which turns none of YUV: since 7.1 it refuses those that it
 * does not know, and pictures may say another one than their container. What they are must be told again behind it.
 */
export function asScaled({ color, chroma }: Pick<VideoStream, "color" | "chroma">): string[] {
  const { primaries, transfer, matrix } = color;
  if (chroma === "rgb" || (primaries ?? transfer ?? matrix) === null) return [];
  return [`setparams=colorspace=${matrix !== null && SCALED.includes(matrix) ? matrix : "unknown"}`];
}

/** libswscale/utils.c (sws_test_colorspace). */
const SCALED = ["bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"];

/** ffprobe and the filter call two curves by other names than ffmpeg's option. */
const RENAMED: Record<string, string> = { bt470m: "gamma22", bt470bg: "gamma28" };

/** libavcodec/options_table.h and libavfilter/vf_setparams.c, as of 5.1. */
const PRIMARIES = [
  ...["bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "film", "bt2020", "smpte428", "smpte431"],
  ...["smpte432", "jedec-p22", "ebu3213"],
];
const TRANSFERS = [
  ...["bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "linear", "log100", "log316"],
  ...["iec61966-2-1", "iec61966-2-4", "bt1361e", "bt2020-10", "bt2020-12", "smpte2084", "smpte428"],
  "arib-std-b67",
];
const MATRICES = [
  ...["bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "ycgco", "bt2020nc", "bt2020c", "smpte2085"],
  ...["chroma-derived-nc", "chroma-derived-c", "ictcp"],
];
const RANGES = ["tv", "pc"];

function given(option: string, name: string | null | undefined): [string, string][] {
  return name === null || name === undefined ? [] : [[option, name]];
}
