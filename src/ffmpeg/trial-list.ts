import type { FfmpegInfo } from "../shared/capabilities.ts";
import {
  BIT_DEPTHS,
  type BitDepth,
  type DeviceOptions,
  type EncodeLimits,
  type FamilyName,
  type Gpu,
  type SizeLimits,
  SOURCE_CODECS,
  type SourceCodec,
} from "../shared/gpu.ts";
import { FAMILIES } from "./encoders/families.ts";
import type { Encoder, EncoderFamily, PictureFormat } from "./encoders/family.ts";

/** A device as trials need to know it: who it is, and what its driver offers. */
export type TrialDevice = {
  /** With nothing proven yet. */
  gpu: Gpu;
  /** Another one as soon as the driver is, or what it offers. */
  key: string;
  /** PCI's number of the model; 0 where there is none. */
  device_id: number;
  /** Why nothing shall run on it; null: all that it offers is tried. */
  unwanted: string | null;
  decode: Offer<SizeLimits>[];
  encode: Offer<EncodeLimits>[];
};

/** What a driver says about one kind of video: its limits, or null and the words in which it refuses. */
export type Offer<Limits> = {
  codec: string;
  bit_depth: BitDepth;
  limits: Limits | null;
  refused: string | null;
};

/** One question that only a run of ffmpeg can answer, unless `known` says already why the answer is no. */
export type Trial = {
  device: TrialDevice | null;
  known: string | null;
  /** For where the same encoder works on none of the devices that could be named. */
  last_resort?: true;
} & Question;

type Question =
  /** Whether it can be opened, and is the card that it is taken for: on that all else depends that goes through Vulkan. */
  | { stage: "open" }
  | { stage: "decode"; codec: SourceCodec; bit_depth: BitDepth; limits: SizeLimits | null }
  | { stage: "scale"; bit_depth: BitDepth }
  | { stage: "tone_map"; bit_depth: BitDepth }
  | EncodeQuestion
  | HdrQuestion
  | { stage: "audio"; codec: string; encoder: string };

export type EncodeQuestion = {
  stage: "encode";
  family: FamilyName;
  encoder: Encoder;
  bit_depth: BitDepth;
  format: PictureFormat;
  open: DeviceOptions;
  limits: EncodeLimits | null;
};

/** Whether the encoder writes the metadata that its pictures carry; those whose options say them need not. */
export type HdrQuestion = Omit<EncodeQuestion, "stage"> & { stage: "hdr" };

export type TrialSubjects = {
  ffmpeg: Pick<FfmpegInfo, "version">;
  /** Names of the encoders that ffmpeg was built with; null where that is unknown. */
  built_in: ReadonlySet<string> | null;
  devices: TrialDevice[];
  /** Node's name of the system. */
  os: string;
};

/** All that is to be found out on a machine; the trials of one device stand in the order in which they run. */
export function listTrials(of: TrialSubjects): Trial[] {
  return [
    ...of.devices.flatMap((device) => [
      { stage: "open" as const, device, known: device.unwanted },
      ...decodeTrials(of, device),
      ...pictureTrials("scale", device),
      ...pictureTrials("tone_map", device),
    ]),
    // On the CPU 10 bits come out of the same filters.
    { stage: "tone_map", device: null, bit_depth: 8, known: null },
    ...FAMILIES.flatMap((family) =>
      placesOf(family, of).flatMap((place) =>
        family.encoders.flatMap((encoder) => encodeTrials(of, { family: family.family, encoder, ...place })),
      ),
    ),
    ...AUDIO_ENCODERS.map(([codec, encoder]): Trial => {
      const known = missing(of.built_in, encoder);
      return { stage: "audio", device: null, codec, encoder, known };
    }),
  ];
}

/** Whether it can only work on a device that Vulkan opens. */
export function needsVulkan(trial: Trial): boolean {
  if (trial.stage === "audio" || trial.stage === "open" || trial.device === null) return false;
  const opens = trial.stage === "encode" || trial.stage === "hdr";
  return !opens || trial.open.input.some((option) => option.startsWith("vulkan="));
}

/** What a trial is about, as text that is the same whenever its answer must be: answers are remembered by it. */
export function trialKey(trial: Trial): string {
  const { device, stage } = trial;
  const where = device === null ? "" : `${device.key} `;
  if (stage === "audio") return `${stage} ${trial.encoder}`;
  if (stage === "open") return `${where}${stage}`;
  if (stage === "scale" || stage === "tone_map") return `${where}${stage} ${trial.bit_depth}`;
  const what = stage === "decode" ? trial.codec : `${trial.family} ${trial.encoder.encoder}`;
  return `${where}${stage} ${what} ${trial.bit_depth}`;
}

function decodeTrials({ ffmpeg }: TrialSubjects, device: TrialDevice): Trial[] {
  return SOURCE_CODECS.flatMap((codec) =>
    BIT_DEPTHS.map((bit_depth): Trial => {
      const offer = device.decode.find((one) => one.codec === codec && one.bit_depth === bit_depth);
      const refused = offer === undefined ? "the driver does not speak of it" : offer.refused;
      const known = device.unwanted ?? refused ?? tooOld(ffmpeg.version, codec);
      return { stage: "decode", device, codec, bit_depth, limits: offer?.limits ?? null, known };
    }),
  );
}

function pictureTrials(stage: "scale" | "tone_map", device: TrialDevice): Trial[] {
  return BIT_DEPTHS.map((bit_depth) => ({ stage, device, bit_depth, known: device.unwanted }));
}

type Place = { device: TrialDevice | null; open: DeviceOptions; last_resort?: true };

/** Each Gpu that the family can be on, by name, and then the machine's own choice. */
function placesOf(family: EncoderFamily, { devices, os }: TrialSubjects): Place[] {
  const on = (device: TrialDevice | null): Place[] => {
    const open = family.device({ gpu: device?.gpu ?? null, os });
    return open === null ? [] : [{ device, open }];
  };
  if (family.family === "software") return on(null);
  const named = devices.flatMap(on);
  if (named.length === 0) return on(null);
  return [...named, ...on(null).map((place) => ({ ...place, last_resort: true as const }))];
}

function encodeTrials(of: TrialSubjects, at: Place & { family: FamilyName; encoder: Encoder }): Trial[] {
  const { encoder, device, family } = at;
  return BIT_DEPTHS.flatMap((bit_depth) => {
    // Formats stand with the usual colours, 4:2:0, first.
    const format = encoder.formats.find((one) => one.bit_depth === bit_depth);
    if (format === undefined) return [];
    const asked = family === "vulkan" ? device?.encode : undefined;
    const offer = asked?.find((one) => one.codec === encoder.codec && one.bit_depth === bit_depth);
    const known = device?.unwanted ?? offer?.refused ?? missing(of.built_in, encoder.encoder);
    const question = { ...at, bit_depth, format, limits: offer?.limits ?? null, known };
    const hdr = bit_depth === 10 && encoder.hdr === undefined && ["hevc", "av1"].includes(encoder.codec);
    return [{ stage: "encode", ...question }, ...(hdr ? [{ stage: "hdr" as const, ...question }] : [])];
  });
}

function missing(built_in: TrialSubjects["built_in"], encoder: string): string | null {
  if (built_in === null || built_in.has(encoder)) return null;
  const since = ENCODERS_SINCE[encoder];
  return `not in this ffmpeg${since === undefined ? "" : `; it came with ffmpeg ${since}`}`;
}

function tooOld(version: string, codec: SourceCodec): string | null {
  const since = DECODE_SINCE[codec];
  return isOlder(version, since) ? `not in ffmpeg ${version}; it came with ffmpeg ${since}` : null;
}

/** False for builds that have no number, such as N-118000-gabcdef. */
export function isOlder(version: string, than: string): boolean {
  const numbers = /^n?(\d+)\.(\d+)/.exec(version);
  if (numbers === null) return false;
  const [major = 0, minor = 0] = than.split(".").map(Number);
  const [own_major, own_minor] = [Number(numbers[1]), Number(numbers[2])];
  return own_major < major || (own_major === major && own_minor < minor);
}

/** The first versions of ffmpeg, by its Changelog (and, for FFV1, by the notes of release 8.0). */
export const DECODE_SINCE: Record<SourceCodec, string> = { h264: "6.1", hevc: "6.1", av1: "6.1", vp9: "8.0" };
export const ENCODERS_SINCE: Record<string, string> = {
  h264_vulkan: "7.1",
  hevc_vulkan: "7.1",
  av1_vulkan: "8.0",
  ffv1_vulkan: "8.0",
  prores_ks_vulkan: "8.1",
  av1_nvenc: "6.0",
  av1_qsv: "6.0",
  av1_vaapi: "6.1",
};
const AUDIO_ENCODERS: [string, string][] = [
  ["aac", "aac"],
  ["opus", "libopus"],
];
