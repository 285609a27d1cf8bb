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
    if (!makes(trial)) continue;
    const who = producer(trial);
    if (outcome.why !== null) {
      refused.push({ ...who, why: outcome.why });
      continue;
    }
    const worked = depths.filter((one) => one.outcome.why === null).map((one) => one.trial);
    const ten_bit = worked.some((one) => one.stage === "encode" && one.bit_depth === 10);
    const hdr = worked.some(({ stage }) => stage === "hdr") ? { hdr: true } : {};
    const { open, limits } = trial.stage === "audio" ? { open: NO_DEVICE_OPTIONS, limits: null } : trial;
    encoders.push({ ...who, ten_bit, ...hdr, open, limits });
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
  const made = makes(trial) ? producer(trial) : null;
  return {
    stage,
    device: device?.gpu.id ?? null,
    family: made?.family ?? null,
    codec: stage === "decode" ? trial.codec : (made?.codec ?? null),
    encoder: made?.encoder ?? null,
    bit_depth: stage === "audio" || stage === "open" ? null : trial.bit_depth,
    proven: outcome.why === null,
    why: outcome.why,
    said: outcome.said,
  };
}

function subjectOf({ trial }: Tried): string {
  if (!makes(trial)) return trial.stage;
  const { family, encoder, device } = producer(trial);
  return `${family} ${encoder} ${device}`;
}

type Producing = Extract<Trial, { stage: "encode" | "hdr" | "audio" }>;

function makes(trial: Trial): trial is Producing {
  return trial.stage === "encode" || trial.stage === "hdr" || trial.stage === "audio";
}

function producer(trial: Producing): Omit<RefusedEncoder, "why"> {
  if (trial.stage === "audio")
    return { family: "software", codec: trial.codec, encoder: trial.encoder, device: null };
  const { family, encoder, device } = trial;
  return { family, codec: encoder.codec, encoder: encoder.encoder, device: device?.gpu.id ?? null };
}

function gpuOf({ gpu }: TrialDevice, tried: Tried[]): Gpu {
  const tone_map: BitDepth[] = [];
  const result: Gpu = { ...gpu, decode: [], scale: [], tone_map, refused: [] };
  for (const { trial, outcome } of tried) {
    if (trial.device?.gpu.id !== gpu.id || makes(trial) || trial.stage === "open") continue;
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
