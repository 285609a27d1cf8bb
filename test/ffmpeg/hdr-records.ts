import type { Hdr, MasteringDisplay, VideoStream } from "../../src/shared/media.ts";
import { videoStream } from "./records.ts";

/** A studio's screen: the primaries of Display P3 and 1000 cd/m2. */
export const DISPLAY: MasteringDisplay = {
  red: { x: 0.68, y: 0.32 },
  green: { x: 0.265, y: 0.69 },
  blue: { x: 0.15, y: 0.06 },
  white: { x: 0.3127, y: 0.329 },
  min_luminance: 0.005,
  max_luminance: 1000,
};

export const LIGHT = { max_content: 900, max_average: 400 };

export function hdrRecord(changes: Partial<Hdr> = {}): Hdr {
  return { mastering: DISPLAY, light: LIGHT, hdr10_plus: false, dolby_vision: null, ...changes };
}

export const PQ = { primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc", range: "tv" };
export const HLG = { ...PQ, transfer: "arib-std-b67" };
export const BT709 = { primaries: "bt709", transfer: "bt709", matrix: "bt709", range: "tv" };

/** An HDR10 film, as Ultra HD discs have it. */
export function hdrStream(changes: Partial<VideoStream> = {}): VideoStream {
  return videoStream({
    ...{ codec: "hevc", profile: "Main 10", pixel_format: "yuv420p10le", bit_depth: 10 },
    ...{ color: PQ, chroma_location: "topleft", hdr: hdrRecord() },
    ...changes,
  });
}
