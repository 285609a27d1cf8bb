import type { Capabilities, FfmpegInfo, ProvenEncoder, RefusedEncoder } from "../shared/capabilities.ts";
import { type BitDepth, type Gpu, NO_DEVICE_OPTIONS } from "../shared/gpu.ts";
import type { Tried } from "./trial.ts";
import type { Trial, TrialDevice } from "./trial-list.ts";

/** What a machine can do, by its trials. An encoder counts as proven once it works with the fewest bits it takes. */
export function toCapabilities(of: {
  ffmpeg: FfmpegInfo;
  devices: TrialDevice[];
  tried: Tried[];
}): Capabilities {
  const { ffmpeg, devices, tried } = of;
  const encoders: ProvenEncoder[] = [];
  const refused: RefusedEncoder[] = [];
  for (const depths of Map.groupBy(tried, subjectOf).values()) {
    const [first] = depths;
    if (first === undefined) continue;
    const { trial, outcome } = first;
    if (trial.stage !== "encode" && trial.stage !== "audio") continue;
    const who = producer(trial);
    if (outcome.why !== null) {
      refused.push({ ...who, why: outcome.why });
      continue;
    }
    const ten_bit = depths.some((one) => bitDepth(one) === 10 && one.outcome.why === null);
    const { open, limits } = trial.stage === "encode" ? trial : { open: NO_DEVICE_OPTIONS, limits: null };
    encoders.push({ ...who, ten_bit, open, limits });
  }
  const on_cpu = tried.find(({ trial }) => trial.stage === "tone_map" && trial.device === null);
  return {
    ...{ ffmpeg, gpus: devices.map((device) => gpuOf(device, tried)), encoders, refused },
    ...(on_cpu === undefined ? {} : { tone_map: { why: on_cpu.outcome.why } }),
  };
}

/** A trial as it is shown to people and programs; `said` is ffmpeg's own last line where it failed. */
export function trialRecord({ trial, outcome }: Tried) {
  const { stage, device } = trial;
  const made = stage === "encode" || stage === "audio" ? producer(trial) : null;
  return {
    stage,
    device: device?.gpu.id ?? null,
    family: made?.family ?? null,
    codec: stage === "decode" ? trial.codec : (made?.codec ?? null),
    encoder: made?.encoder ?? null,
    bit_depth: stage === "audio" ? null : trial.bit_depth,
    proven: outcome.why === null,
    why: outcome.why,
    said: outcome.said,
  };
}

function subjectOf({ trial }: Tried): string {
  if (trial.stage !== "encode" && trial.stage !== "audio") return trial.stage;
  const { family, encoder, device } = producer(trial);
  return `${family} ${encoder} ${device}`;
}

type Producing = Extract<Trial, { stage: "encode" | "audio" }>;

function producer(trial: Producing): Omit<RefusedEncoder, "why"> {
  if (trial.stage === "audio")
    return { family: "software", codec: trial.codec, encoder: trial.encoder, device: null };
  const { family, encoder, device } = trial;
  return { family, codec: encoder.codec, encoder: encoder.encoder, device: device?.gpu.id ?? null };
}

function bitDepth({ trial }: Tried): number {
  return trial.stage === "audio" ? 0 : trial.bit_depth;
}

function gpuOf({ gpu }: TrialDevice, tried: Tried[]): Gpu {
  const tone_map: BitDepth[] = [];
  const result: Gpu = { ...gpu, decode: [], scale: [], tone_map, refused: [] };
  for (const { trial, outcome } of tried) {
    if (trial.device?.gpu.id !== gpu.id || trial.stage === "encode" || trial.stage === "audio") continue;
    const { stage, bit_depth } = trial;
    const codec = stage === "decode" ? trial.codec : null;
    if (outcome.why !== null) result.refused.push({ stage, codec, bit_depth, why: outcome.why });
    else if (stage === "tone_map") tone_map.push(bit_depth);
    else if (stage === "scale") result.scale.push(bit_depth);
    else if (trial.limits !== null)
      result.decode.push({ codec: trial.codec, bit_depth, limits: trial.limits });
  }
  return result;
}
