import type { Capabilities } from "../shared/capabilities.ts";
import { type Conversion, isLossless } from "../shared/conversion.ts";
import {
  type BitDepth,
  FAMILY_NAMES,
  type FamilyName,
  type Gpu,
  type GpuUse,
  type Rung,
  rungKey,
} from "../shared/gpu.ts";
import type { PlanSummary } from "../shared/job.ts";
import type { VideoStream } from "../shared/media.ts";
import { FAMILIES } from "./encoders/families.ts";
import type { EncoderFamily } from "./encoders/family.ts";
import { hasMetadata, isToneMapped, writesHdr } from "./plan-color.ts";
import { whyNotDecode } from "./plan-decode.ts";
import { chooseEncoder, type EncoderChoice, wantedDepths } from "./plan-encoder.ts";
import { whyNotFilter } from "./plan-filter.ts";
import { isScaled, outputShape, type Shape } from "./plan-size.ts";
import { refuseSmall } from "./plan-smallest.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { isMappable } from "./tone-map.ts";

type PassedOver = PlanSummary["passed_over"];

/** One way to convert the film, and why the better ones before it cannot be. */
export type Step = {
  rung: Rung;
  choice: EncoderChoice;
  /** The GPU that the rung uses. */
  gpu: Gpu | null;
  passed_over: PassedOver;
  notes: string[];
};

type Of = { film: VideoStream; conversion: Conversion; capabilities: Capabilities; gpu: GpuUse };

/**
 * Every way in which this attempt may convert the film, the best first: by the order of families, and within one the
 * more on the GPU the better. All have the same bits a sample. How fast they are does not matter here.
 */
export function ladder(of: Of): { steps: Step[] } | { refusal: Refusal } {
  const passed_over: PassedOver = [];
  const known = FAMILIES.flatMap(({ encoders }) => encoders);
  const small = refuseSmall(outputShape(of.film, of.conversion), of.conversion.codec, known);
  if (small !== null) return small;
  const [best, ...others] = wantedDepths(of.film, of.conversion);
  for (const bit_depth of [best, ...others]) {
    const climb = { ...of, bit_depth, device: deviceOf(of), passed_over };
    const steps = of.gpu.families
      .flatMap((name) => FAMILIES.filter(({ family }) => family === name))
      .flatMap((family) => stepsOf(family, climb));
    const notes = bit_depth === best ? [] : [FEWER_BITS];
    const kept = keepMetadata(climb, steps);
    if (kept.length > 0) return { steps: kept.map((step) => ({ ...step, notes })) };
  }
  return refuse(of, passed_over);
}

const FEWER_BITS = "The film's 10 bits a sample became 8: no encoder here takes more.";

/** Without those whose encoder would lose HDR's metadata, where others keep them. */
function keepMetadata(of: Climb, steps: Omit<Step, "notes">[]): Omit<Step, "notes">[] {
  const { film, conversion, bit_depth } = of;
  if (!hasMetadata(film) || isToneMapped(film, conversion, bit_depth)) return steps;
  const able = steps.filter(({ choice }) => writesHdr(film, choice));
  if (able.length === 0) return steps;
  for (const { rung } of steps.filter(({ choice }) => !writesHdr(film, choice))) {
    passOver(of.passed_over, familyOf(rung), `${rung.encoder} was not seen to write HDR's metadata`);
  }
  return able.map((step) => ({ ...step, passed_over: [...of.passed_over] }));
}

type Climb = Of & {
  bit_depth: BitDepth;
  device: { gpu: Gpu } | { none: string };
  /** Grows on the way down. */
  passed_over: PassedOver;
};

function deviceOf({ capabilities, gpu }: Of): Climb["device"] {
  const found = capabilities.gpus.find(({ id }) => id === gpu.device);
  if (gpu.use_vulkan === false) return { none: gpu.no_device ?? "it is switched off (ffmpeg.use_vulkan)" };
  return found === undefined ? { none: gpu.no_device ?? "its GPU is not there any more" } : { gpu: found };
}

/** The rungs of one family; says in `passed_over` why others are missing. */
function stepsOf(family: EncoderFamily, of: Climb): Omit<Step, "notes">[] {
  const pass = (why: string) => passOver(of.passed_over, family.family, why);
  // Who encodes on the CPU lacks nothing: it is Vulkan that has no part in it.
  const passVulkan = (why: string) => passOver(of.passed_over, "vulkan", why);
  const { film, device } = of;
  if ("none" in device && family.frames === "vulkan") {
    passVulkan(device.none);
    return [];
  }
  const size = outputShape(film, of.conversion);
  const { choice, whys } = chooseEncoder(family, {
    ...{ film, codec: of.conversion.codec, bit_depth: of.bit_depth, size, capabilities: of.capabilities },
    ...("gpu" in device
      ? { device: device.gpu.id, no_device: "" }
      : { device: null, no_device: device.none }),
  });
  for (const why of whys) pass(why);
  if (choice === null) return [];
  if ("none" in device && of.gpu.use_vulkan !== false) passVulkan(device.none);
  const tone_map = isToneMapped(film, of.conversion, of.bit_depth);
  const why_not = tone_map ? whyNotToneMapped(film, of.capabilities) : null;
  if (why_not !== null) {
    // What a GPU makes of the tones is compared with what the CPU does.
    passOver(of.passed_over, "software", why_not);
    return [];
  }
  const ways =
    "gpu" in device ? waysOnGpu({ ...of, choice, size, device: device.gpu, tone_map, pass: passVulkan }) : [];
  return [...ways, ...onCpu(choice)].flatMap((way) => toStep({ ...of, choice, way }) ?? []);
}

/** Why HDR cannot become SDR on the CPU, in one sentence; null where it can. */
function whyNotToneMapped(film: VideoStream, { tone_map }: Capabilities): string | null {
  const why = tone_map === undefined ? "it was never tried" : tone_map.why;
  if (why !== null) return `HDR to SDR on the CPU (filters zscale and tonemap): ${why}`;
  return isMappable(film) ? null : `zscale does not know the film's colours (${film.color.matrix})`;
}

/** Where the stages before the encoder run. */
type Way = Pick<Rung, "decode" | "filter">;

/** The ways of one encoder that decode or filter on the Gpu, best first; `pass` is told what is in the way of others. */
function waysOnGpu(of: {
  film: VideoStream;
  conversion: Conversion;
  choice: EncoderChoice;
  size: Shape;
  device: Gpu;
  tone_map: boolean;
  pass: (why: string) => void;
}): Way[] {
  const { film, size, device, choice } = of;
  const { frames } = choice.family;
  const keeps_range = isLossless(of.conversion.codec);
  const possible = (stage: "decode" | "scale", why: string | null) => {
    if (why !== null) of.pass(`${stage} through Vulkan: ${why}`);
    return why === null;
  };
  const { tone_map } = of;
  const mayFilter = (decode: Way["decode"]) =>
    possible("scale", tone_map ? wrongForEncoder(choice) : null) &&
    possible(
      "scale",
      whyNotFilter({ film, size, format: choice.format, decode, keeps_range, tone_map, gpu: device }),
    );
  const ways: Way[] = [];
  if (possible("decode", whyNotDecode(film, device) ?? wrongForEncoder(choice))) {
    const may = mayFilter("vulkan");
    if (may && (frames === "vulkan" || tone_map || isScaled(film, size)))
      ways.push({ decode: "vulkan", filter: "vulkan" });
    if (frames === "cpu") ways.push({ decode: "vulkan", filter: "cpu" });
  }
  if (frames === "vulkan") ways.push({ decode: "cpu", filter: mayFilter("cpu") ? "vulkan" : "cpu" });
  // Where the encoder has a device of its own for its pictures, ffmpeg would upload to that.
  else if (tone_map && choice.proven.open.upload.length === 0 && mayFilter("cpu"))
    ways.push({ decode: "cpu", filter: "vulkan" });
  return ways;
}

/** Decoders give two planes; shaders that encode take three, and nothing on the GPU makes the one of the other. */
function wrongForEncoder({ family, encoder, format }: EncoderChoice): string | null {
  const decoded = ["nv12", "p010le"].includes(format.input);
  return family.frames === "cpu" || decoded
    ? null
    : `${encoder.encoder} takes no pictures as GPUs decode them`;
}

function onCpu({ family }: EncoderChoice): Way[] {
  return family.frames === "cpu" ? [{ decode: "cpu", filter: "cpu" }] : [];
}

/** Null, with the reason told, where it failed lately. */
function toStep(of: Climb & { choice: EncoderChoice; way: Way }): Omit<Step, "notes"> | null {
  const { film, choice, way } = of;
  const { encoder } = choice.encoder;
  const proven_on = of.capabilities.gpus.find(({ id }) => id === choice.proven.device) ?? null;
  const shares = [way.decode, way.filter, choice.family.frames].includes("vulkan");
  const gpu = shares && "gpu" in of.device ? of.device.gpu : proven_on;
  const rung: Rung = {
    device: gpu === null ? null : { id: gpu.id, driver: gpu.driver },
    ...way,
    ...{ family: choice.family.family, encoder },
    ...{ source_codec: film.codec, source_bit_depth: film.bit_depth },
  };
  const suspect = of.gpu.suspects.find((one) => one.rung === rungKey(rung));
  if (suspect === undefined) return { rung, choice, gpu, passed_over: [...of.passed_over] };
  const what = `decode ${way.decode}, scale ${way.filter}, ${encoder}`;
  passOver(of.passed_over, familyOf(rung), `${what}: it failed lately (${suspect.why})`);
  return null;
}

/** A reason that holds for several families is told once. */
function passOver(passed_over: PassedOver, family: FamilyName, why: string): void {
  if (!passed_over.some((one) => one.why === why)) passed_over.push({ family, why });
}

/** Under whose name a rung is told: one that works for an encoder on the CPU is Vulkan's. */
export function familyOf({ decode, filter, family }: Rung): FamilyName {
  return family === "software" && [decode, filter].includes("vulkan") ? "vulkan" : family;
}

/** Another worker may have what this one lacks, so the job is not given up. */
function refuse({ conversion, capabilities, gpu }: Of, passed_over: PassedOver): { refusal: Refusal } {
  const { codec, bit_depth } = conversion;
  const depth = bit_depth === 10 ? " with 10 bits" : "";
  const whys = passed_over.map(({ why }) => why).join("; ") || "no encoder of it was proven";
  const able = capabilities.encoders
    .filter((one) => one.codec === codec && (bit_depth !== 10 || one.ten_bit))
    .map(({ family }) => family);
  const left_out = FAMILY_NAMES.filter((family) => able.includes(family) && !gpu.families.includes(family));
  const advice =
    left_out.length === 0
      ? "Install an ffmpeg that can."
      : `ffmpeg.encoders leaves out what can: add ${left_out.join(" or ")} to it.`;
  const message = `This worker cannot encode ${codec}${depth} (${whys}). ${advice}`;
  return refusal("retry", "worker_error", message);
}
