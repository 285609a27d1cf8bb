import { afterScale, beforeScale } from "./args-picture.ts";
import { colorParams, colorTags } from "./color.ts";
import { FAMILIES } from "./encoders/families.ts";
import type { Plan } from "./plan.ts";
import type { VideoPlan } from "./plan-video.ts";

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
  return ["-init_hw_device", device, ...withoutVulkan(open.input), ...decoding];
}

/** The filters and the encoder of the film itself. */
export function encoding(plan: VideoPlan): string[] {
  const encoder = FAMILIES.flatMap(({ encoders }) => encoders).find((one) => one.encoder === plan.encoder);
  if (encoder === undefined) throw new Error(`no encoder family has ${plan.encoder}`);
  const { rate, preset, bit_depth, frame_rate, limits, color } = plan;
  return [
    ...["-filter:v:0", filters(plan).join(","), "-c:v:0", plan.encoder],
    ...encoder.options({ rate, preset, bit_depth, frame_rate, limits }),
    ...plan.open.output,
    // Frames keep their own times: none is invented to fill a hole, none dropped.
    ...["-fps_mode", "passthrough", "-enc_time_base", `${plan.time_base.num}:${plan.time_base.den}`],
    ...colorTags(color),
  ];
}

/** The encoder's own device may be made from the Vulkan one, which is opened only once. */
function withoutVulkan(input: string[]): string[] {
  const at = input.findIndex(
    (option, n) => option === "-init_hw_device" && input[n + 1]?.startsWith("vulkan="),
  );
  return at === -1 ? input : input.toSpliced(at, 2);
}

/** From where the decoder leaves the pictures to where the encoder takes them. */
function filters(plan: VideoPlan): string[] {
  const download = plan.decoded_format === null ? [] : ["hwdownload", `format=${plan.decoded_format}`];
  const format = `format=${plan.input_format}`;
  const { upload } = plan.open;
  if (plan.filter === "cpu") {
    return [...download, ...onCpu(plan), format, ...upload, ...declared(plan)];
  }
  const scale = plan.scaled ? [`scale_vulkan=w=${plan.width}:h=${plan.height}`] : [];
  if (plan.frames === "cpu") return [...scale, ...download, ...afterScale(plan), format, ...upload];
  const bring = plan.decode === "vulkan" ? [] : [format, ...upload];
  return [...bring, ...scale, ...afterScale(plan), ...declared(plan)];
}

function onCpu(plan: VideoPlan): string[] {
  const { inner, from_rgb, color } = plan;
  const range = `out_range=${color.range ?? "tv"}`;
  const matrix = from_rgb ? ":out_color_matrix=bt709" : "";
  const scale = `scale=${inner.width}:${inner.height}:flags=bicubic:${range}${matrix}`;
  return [...beforeScale(plan), scale, ...afterScale(plan)];
}

/**
 * ffmpeg converts where the last filter's colours are not those that the encoder is told, but it cannot on the GPU: a
 * film whose header and pictures disagree would fail.
 */
function declared({ frames, color }: VideoPlan): string[] {
  return frames === "vulkan" ? [`setparams=${colorParams(color)}`] : [];
}
