import { fieldOptions } from "./args-fields.ts";
import { afterScale, beforeScale, fitting, leading } from "./args-picture.ts";
import { colorParams, colorTags, isHdr } from "./color.ts";
import { FAMILIES } from "./encoders/families.ts";
import { chromaLocation } from "./encoders/hdr.ts";
import type { Plan } from "./plan.ts";
import type { VideoPlan } from "./plan-video.ts";
import { type ToneMap, toneMapOnCpu, toneMapOnGpu } from "./tone-map.ts";

/**
 * What opens the plan's devices and decodes on one of them, before `-i`. With `-hwaccel_output_format` ffmpeg cannot
 * fall back to the CPU in silence. One decoder thread, because with more than one some drivers stop for ever in the
 * middle of an H.264 film; a GPU is as fast with one.
 */
export function hardware({ video, gpu, validation }: Plan): string[] {
  const { decode, filter, open } = video;
  if (gpu === null || ![decode, filter, video.frames].includes("vulkan")) return open.input;
  const device = `vulkan=vk:${gpu.index}${validation ? ",debug=1" : ""}`;
  const decoding =
    decode === "vulkan"
      ? [
          ...["-hwaccel", "vulkan", "-hwaccel_device", "vk", "-hwaccel_output_format", "vulkan"],
          "-threads",
          "1",
        ]
      : [];
  const uploads = decode === "cpu" && filter === "vulkan" && video.frames === "cpu";
  const filtering = uploads ? ["-filter_hw_device", "vk"] : [];
  return ["-init_hw_device", device, ...filtering, ...withoutVulkan(open.input), ...decoding];
}

/** What is cut out of the film, by filters before and after all others; nothing where they are empty. */
export type Cut = { before: string[]; after: string[] };
const WHOLE: Cut = { before: [], after: [] };

/** The filters and the encoder of the film itself, or of a part of it. */
export function encoding(plan: VideoPlan, cut: Cut = WHOLE): string[] {
  const encoder = FAMILIES.flatMap(({ encoders }) => encoders).find((one) => one.encoder === plan.encoder);
  if (encoder === undefined) throw new Error(`no encoder family has ${plan.encoder}`);
  const { rate, preset, bit_depth, frame_rate, limits, color } = plan;
  return [
    ...[...graph(plan, cut), "-c:v:0", plan.encoder],
    ...encoder.options({
      rate,
      preset,
      bit_depth,
      frame_rate,
      limits,
      color: plan,
      chroma: plan.chroma,
      size: plan,
    }),
    ...fieldOptions(plan),
    ...plan.open.output,
    // Frames keep their own times: none is invented to fill a hole, none dropped.
    ...["-fps_mode", "passthrough", "-enc_time_base:v:0", `${plan.time_base.num}:${plan.time_base.den}`],
    ...colorTags(color),
    ...chromaSiting(plan),
  ];
}

/** What the film's stream is called in `-map`. */
export function filmMap({ index, sheds }: VideoPlan): string {
  return sheds ? "[film]" : `0:${index}`;
}

/**
 * ffmpeg 5 writes what the source's container says of HDR into the result, whatever became of the pictures, unless its
 * pictures come from more than one stream; so here they also go where nothing comes from.
 */
function graph(plan: VideoPlan, { before, after }: Cut): string[] {
  const chain = [...leading(plan.lead), ...before, ...filters(plan), ...after].join(",");
  if (!plan.sheds) return ["-filter:v:0", chain];
  const source = `[0:${plan.index}]`;
  const named = Object.entries({ language: plan.language, title: plan.title }).flatMap(([tag, value]) =>
    value === null ? [] : ["-metadata:s:v:0", `${tag}=${value}`],
  );
  return ["-filter_complex", `${source}${chain}[film];${source}nullsink`, ...named];
}

/** The encoder's own device may be made from the Vulkan one, which is opened only once. */
function withoutVulkan(input: string[]): string[] {
  const at = input.findIndex(
    (option, n) => option === "-init_hw_device" && input[n + 1]?.startsWith("vulkan="),
  );
  return at === -1 ? input : input.toSpliced(at, 2);
}

/** From where the decoder leaves the pictures to where the encoder takes them. */
export function filters(plan: VideoPlan): string[] {
  const download = plan.decoded_format === null ? [] : ["hwdownload", `format=${plan.decoded_format}`];
  const format = `format=${plan.input_format}`;
  const { upload } = plan.open;
  if (plan.filter === "cpu") {
    return [...download, ...onCpu(plan), format, ...upload, ...declared(plan)];
  }
  if (plan.tone_map !== null) return toneMappedOnGpu(plan, plan.tone_map);
  const scale = plan.scaled ? [`scale_vulkan=w=${plan.width}:h=${plan.height}`] : [];
  if (plan.frames === "cpu") {
    return [...scale, ...download, ...afterScale(plan), format, ...upload, ...declared(plan)];
  }
  const bring = plan.decode === "vulkan" ? [] : [format, ...upload];
  return [...bring, ...scale, ...afterScale(plan), ...declared(plan)];
}

function onCpu(plan: VideoPlan): string[] {
  const { inner, from_rgb, color, tone_map } = plan;
  const gray = plan.gray_limited === true;
  const range = `out_range=${gray ? "pc" : (color.range ?? "tv")}`;
  const matrix = from_rgb === null ? "" : `:out_color_matrix=${from_rgb}`;
  const rows = plan.fields?.how === "keep" && plan.scaled ? ":interl=1" : "";
  const options = `flags=bicubic${rows}:${range}${matrix}`;
  const scale =
    plan.fit === null ? [`scale=${inner.width}:${inner.height}:${options}`] : fitting(plan, options);
  const map = tone_map === null ? [] : toneMapOnCpu(tone_map, plan.pixel_format);
  const scaled = gray ? ["setparams=range=pc", ...scale, "setparams=range=tv"] : scale;
  return [...plan.as_scaled, ...beforeScale(plan), ...scaled, ...afterScale(plan), ...map];
}

/** The GPU's pictures have the format that the encoder takes, or can be brought to it without a loss. */
function toneMappedOnGpu(plan: VideoPlan, { source }: ToneMap): string[] {
  const pixel_format = plan.bit_depth === 8 ? "nv12" : "p010le";
  const bring = plan.decode === "vulkan" ? [] : ["format=p010le", "hwupload"];
  const mapped = [...bring, ...toneMapOnGpu({ source, size: plan, pixel_format })];
  if (plan.frames === "vulkan") return [...mapped, ...afterScale(plan), ...declared(plan)];
  const down = ["hwdownload", `format=${pixel_format}`, ...afterScale(plan)];
  return [...mapped, ...down, `format=${plan.input_format}`, ...plan.open.upload, ...declared(plan)];
}

/**
 * What the pictures say counts for ffmpeg 7 and later, and the encoder's options for those before. ffmpeg converts where
 * the two differ, but it cannot on the GPU: a film whose header and pictures disagree would fail.
 */
function declared({ frames, color, sheds, tone_map, encoder, hdr }: VideoPlan): string[] {
  const told = color.primaries !== null || color.transfer !== null || color.matrix !== null;
  const is_sdr = tone_map !== null || (hdr === null && !isHdr(color.transfer));
  const forget = is_sdr ? FORGET_LIGHT : WRITE_DOLBY_VISION.includes(encoder) ? FORGET_ALL : [];
  return [
    ...(told || frames === "vulkan" ? [`setparams=${colorParams(color)}`] : []),
    ...(sheds ? forget : []),
  ];
}

/** Newer encoders write what they find with the pictures. */
const FORGET_LIGHT = ["MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"].map(
  (type) => `sidedata=mode=delete:type=${type}`,
);
const WRITE_DOLBY_VISION = ["libx265", "libsvtav1", "libaom-av1"];
/** Not every ffmpeg can name Dolby Vision's; what HDR10 needs the encoder is told by its options. */
const FORGET_ALL = ["sidedata=mode=delete"];

/** Encoders on the CPU have options for it; to the others' streams it is added afterwards. */
function chromaSiting({ chroma_location, codec, encoder }: VideoPlan): string[] {
  const number = chromaLocation(chroma_location);
  if (chroma_location === null || number === null) return [];
  const option = ["-chroma_sample_location:v:0", chroma_location];
  if (["libx264", "libx265", "libsvtav1"].includes(encoder)) return option;
  const filters: Record<string, string> = {
    h264: `h264_metadata=chroma_sample_loc_type=${number}`,
    hevc: `hevc_metadata=chroma_sample_loc_type=${number}`,
    av1: "av1_metadata=chroma_sample_position=colocated",
  };
  const filter = filters[codec];
  return filter === undefined ? option : [...option, "-bsf:v:0", filter];
}
