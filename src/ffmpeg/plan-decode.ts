import { type Gpu, SOURCE_CODECS, type SourceCodec } from "../shared/gpu.ts";
import type { VideoStream } from "../shared/media.ts";
import { whyDecodedOnCpu } from "./plan-picture.ts";

/** Why a film cannot be decoded through Vulkan on this Gpu, in words that follow a colon; null where it can. */
export function whyNotDecode(film: VideoStream, gpu: Gpu): string | null {
  const codec = SOURCE_CODECS.find((one) => one === film.codec);
  if (codec === undefined) return `no GPU decodes ${film.codec}`;
  if (film.scan.kind !== "progressive") return "the film is interlaced, or says so";
  const on_cpu = whyDecodedOnCpu(film);
  if (on_cpu !== null) return on_cpu;
  if (film.chroma !== "420") return `the film's pictures are ${film.pixel_format}, not 4:2:0`;
  if (!PROFILES[codec].includes(film.profile ?? "")) {
    return `the film's profile is ${film.profile ?? "unknown"}, which few drivers decode`;
  }
  const is = (one: { codec: SourceCodec | null; bit_depth: number }) =>
    one.codec === codec && one.bit_depth === film.bit_depth;
  const proven = gpu.decode.find(is);
  if (proven === undefined) {
    const refused = gpu.refused.find((one) => one.stage === "decode" && is(one));
    return refused?.why ?? `${codec} with ${film.bit_depth} bits was not proven on ${gpu.name}`;
  }
  const { min_width, min_height, max_width, max_height } = proven.limits;
  if (film.width < min_width || film.height < min_height) {
    return `the driver takes no picture below ${min_width}x${min_height}`;
  }
  const fits = film.width <= max_width && film.height <= max_height;
  return fits ? null : `the driver takes no picture above ${max_width}x${max_height}`;
}

/** The profiles that trials stand for, as ffprobe names them; Vulkan's drivers leave others out, or get them wrong. */
const PROFILES: Record<SourceCodec, string[]> = {
  h264: ["Constrained Baseline", "Main", "High"],
  hevc: ["Main", "Main 10"],
  av1: ["Main"],
  vp9: ["Profile 0", "Profile 2"],
};
