import * as v from "valibot";

/**
 * GPUs as every part sees them: what trials proved on each, the rung of the ladder that an attempt takes, and what was
 * learned from attempts. Only roles/worker knows how they were found (src/vulkan) and tried (src/ffmpeg).
 */

/** In the order in which they are tried unless the configuration says otherwise. */
export const FAMILY_NAMES = ["vulkan", "nvenc", "qsv", "vaapi", "amf", "videotoolbox", "software"] as const;
export type FamilyName = (typeof FAMILY_NAMES)[number];

export const SOURCE_CODECS = ["h264", "hevc", "av1", "vp9"] as const;
export type SourceCodec = (typeof SOURCE_CODECS)[number];
export const BIT_DEPTHS = [8, 10] as const;
export type BitDepth = (typeof BIT_DEPTHS)[number];

/** Pixels. */
export const SizeLimits = v.object({
  min_width: v.number(),
  min_height: v.number(),
  max_width: v.number(),
  max_height: v.number(),
});
export type SizeLimits = v.InferOutput<typeof SizeLimits>;

/** What a driver states about an encoder; quantizers on the codec's own scale, rates in bits a second. */
export const EncodeLimits = v.object({
  ...SizeLimits.entries,
  rate_control: v.array(v.picklist(["constant_qp", "cbr", "vbr"])),
  quality_levels: v.number(),
  min_qp: v.number(),
  max_qp: v.number(),
  max_bitrate: v.number(),
});
export type EncodeLimits = v.InferOutput<typeof EncodeLimits>;

/** What opens an encoder's device: before the input, after the last filter, and beside the encoder. */
export const DeviceOptions = v.object({
  input: v.array(v.string()),
  /** Filters that bring frames to where the encoder takes them, such as `hwupload`. */
  upload: v.array(v.string()),
  output: v.array(v.string()),
});
export type DeviceOptions = v.InferOutput<typeof DeviceOptions>;

export const NO_DEVICE_OPTIONS: DeviceOptions = { input: [], upload: [], output: [] };

/** One Vulkan device; everything in `decode` and `scale` was proven by a trial on real pictures. */
export const Gpu = v.object({
  /** Its UUID where the driver tells one, else `index:N`. Two equal cards differ here. */
  id: v.string(),
  /** ffmpeg's `-init_hw_device vulkan=vk:INDEX`. */
  index: v.number(),
  name: v.string(),
  type: v.picklist(["discrete", "integrated", "virtual", "cpu", "other"]),
  /** Name and version of the driver: trials, suspicion and measured rates hold for this driver alone. */
  driver: v.string(),
  /** PCI vendor, such as 0x10de. */
  vendor_id: v.number(),
  /** Such as `0000:65:00.0`. */
  pci_address: v.nullable(v.string()),
  decode: v.array(
    v.object({ codec: v.picklist(SOURCE_CODECS), bit_depth: v.picklist(BIT_DEPTHS), limits: SizeLimits }),
  ),
  /** Bits a sample at which upload, scaling and download gave the right picture. */
  scale: v.array(v.picklist(BIT_DEPTHS)),
  /** Bits a sample of SDR into which it mapped HDR rightly. */
  tone_map: v.optional(v.array(v.picklist(BIT_DEPTHS))),
  /** What was tried in vain, or not offered by the driver and therefore not tried. */
  refused: v.array(
    v.object({
      stage: v.picklist(["decode", "scale", "tone_map"]),
      /** Null for all but decoding. */
      codec: v.nullable(v.picklist(SOURCE_CODECS)),
      bit_depth: v.picklist(BIT_DEPTHS),
      why: v.string(),
    }),
  ),
});
export type Gpu = v.InferOutput<typeof Gpu>;

/** One way to convert a film: where each stage runs. The ladder of a film is its rungs, best first. */
export type Rung = {
  /** The id of the Gpu that it uses, and its driver; null where no stage needs one. */
  device: { id: string; driver: string } | null;
  decode: "vulkan" | "cpu";
  filter: "vulkan" | "cpu";
  family: FamilyName;
  /** ffmpeg's name. */
  encoder: string;
  /** What is decoded, such as hevc with 10 bits. */
  source_codec: string;
  source_bit_depth: number;
};

/** The same text for every attempt that takes this rung: suspicion and measured rates are kept by it. */
export function rungKey(rung: Rung): string {
  const { device, decode, filter, encoder, source_codec, source_bit_depth } = rung;
  const where = device === null ? "cpu" : `${device.id} (${device.driver})`;
  return `${where}: ${source_codec} ${source_bit_depth}, decode ${decode}, filter ${filter}, encode ${encoder}`;
}

/** A rung that failed where the next one succeeded; `why` is one sentence. */
export const Suspect = v.object({ rung: v.string(), why: v.string() });
export type Suspect = v.InferOutput<typeof Suspect>;

/**
 * Frames a second of a rung, warm, over `frames` of 1080p. `preset` is the conversion's; `kind` says of what pictures,
 * such as `1920x1080 420 to 1280x720`.
 */
export const Rate = v.object({
  rung: v.string(),
  preset: v.string(),
  kind: v.string(),
  fps: v.number(),
  frames: v.number(),
});
export type Rate = v.InferOutput<typeof Rate>;

/** What films taught about the GPUs with this ffmpeg, as far as it counts now. */
export type Learned = {
  suspects: Suspect[];
  parked: { device: string; problem: string }[];
  rates: Rate[];
  /** Whether all of it was forgotten just now. */
  forgotten: boolean;
};

/** What an attempt may use and what is known about it. */
export type GpuUse = {
  /** The worker's `ffmpeg.use_vulkan`: true also takes rungs that were measured slower. */
  use_vulkan: boolean | "auto";
  /** The Gpu that this attempt was given; null: none is free, wanted or there. */
  device: string | null;
  /** Why there is none, in one sentence for `vc jobs ID`; null where there is one. */
  no_device: string | null;
  families: readonly FamilyName[];
  suspects: Suspect[];
  rates: Rate[];
  /** Whether Vulkan's validation layer is to watch what ffmpeg does. */
  validation?: boolean;
};

/** A machine without a GPU, or one that may not use it. */
export const CPU_ONLY: GpuUse = {
  use_vulkan: false,
  device: null,
  no_device: "no GPU is used here",
  families: ["software"],
  suspects: [],
  rates: [],
};

/** What an attempt learned about its Gpu. */
export type GpuFact =
  | { type: "suspect"; suspect: Suspect }
  | { type: "rate"; rate: Rate }
  /** A rung (its rungKey) with hardware made a film that was verified. */
  | { type: "proven"; rung: string }
  /** All rates that it needed are measured. */
  | { type: "measured" }
  /** From here on the attempt uses no Gpu: another one may have it. */
  | { type: "unused" };
