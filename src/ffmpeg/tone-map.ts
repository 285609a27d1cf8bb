import type { StaticHdr, VideoStream } from "../shared/media.ts";
import { type Color, colorParams } from "./color.ts";

/** How HDR becomes SDR: what the pictures are, and their lightest sample in cd/m2. */
export type ToneMap = { source: Color; peak: number };

/** What every tone-mapped film is: ITU-R BT.709, limited range. */
export const SDR: Color = { primaries: "bt709", transfer: "bt709", matrix: "bt709", range: "tv" };

/** HDR's diffuse white (ITU-R BT.2408), which becomes nearly the white of SDR. */
export const REFERENCE_WHITE = 203;

/**
 * How the film is mapped. Labels that are missing are HDR's usual ones. The peak is what the film says of its content,
 * or of the screen that it was made on; without either, that of most such screens (and of HLG's nominal one).
 */
export function toneMapOf(color: Color, hdr: StaticHdr | null): ToneMap {
  const source = {
    primaries: color.primaries ?? "bt2020",
    transfer: color.transfer,
    matrix: color.matrix ?? "bt2020nc",
    range: "tv",
  };
  const told = color.transfer === "smpte2084" ? [hdr?.light?.max_content, hdr?.mastering?.max_luminance] : [];
  const peak = told.find((nits) => nits !== undefined && nits > REFERENCE_WHITE && nits <= 10_000);
  return { source, peak: peak ?? 1000 };
}

/**
 * Filters on the CPU that map pictures of limited range: to light by the film's own curve, to the primaries of SDR, and
 * under its white by a curve that leaves what is darker than half of it as it is. What is too light or too colourful
 * keeps its hue.
 */
export function toneMapOnCpu({ source, peak }: ToneMap, pixel_format: string): string[] {
  const highest = (peak / REFERENCE_WHITE).toFixed(3);
  return [
    `setparams=${colorParams(source)}`,
    `zscale=t=linear:p=bt709:npl=${REFERENCE_WHITE}`,
    "format=gbrpf32le",
    `tonemap=mobius:param=${KNEE}:desat=0:peak=${highest}`,
    "zscale=t=bt709:m=bt709:r=tv:d=error_diffusion",
    `format=${pixel_format}`,
  ];
}

/**
 * The filter that maps pictures on a GPU and brings them to their size. Its curve (ITU-R BT.2390) is within some steps
 * of the CPU's. The peak is what it sees in the pictures.
 */
export function toneMapOnGpu(of: {
  source: Color;
  size: { width: number; height: number };
  pixel_format: string;
}): string[] {
  return [
    `setparams=${colorParams(of.source)}`,
    [
      `libplacebo=w=${of.size.width}:h=${of.size.height}:format=${of.pixel_format}:normalize_sar=0`,
      "colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv:tonemapping=bt.2390",
    ].join(":"),
  ];
}

/** Of the white of SDR, in light; with it the curve is the nearest to BT.2390's. */
const KNEE = 0.45;

/** Whether the labels are such as zimg (the library of zscale) knows, so that the way to SDR is defined. */
export function isMappable({ color }: Pick<VideoStream, "color">): boolean {
  return !UNKNOWN_TO_ZIMG.includes(color.matrix ?? "") && !UNKNOWN_TO_ZIMG.includes(color.primaries ?? "");
}

/** It knows bt2020c only with SDR's curves. */
const UNKNOWN_TO_ZIMG = ["bt2020c", "smpte2085", "chroma-derived-c", "ictcp"];
