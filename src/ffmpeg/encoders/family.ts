import type { Codec, Preset } from "../../shared/conversion.ts";
import type { BitDepth, DeviceOptions, EncodeLimits, FamilyName, Gpu } from "../../shared/gpu.ts";
import type { Rational, StaticHdr } from "../../shared/media.ts";

/**
 * An encoder family is data: what it is called, where its frames must lie, how its device is opened, which encoders
 * it has, best first, and how each says quality, rate and preset. A new family is one more such record in families.ts.
 */
export type EncoderFamily = {
  family: FamilyName;
  /** Where the encoder takes its frames from: the GPU's memory as Vulkan images, or the machine's memory. */
  frames: "cpu" | "vulkan";
  /**
   * How ffmpeg opens it on that GPU, or, `gpu` null, on the machine's own choice of device; null where it cannot be
   * there at all, so that nothing is tried. The machine's own choice is for machines on none of whose Gpus the family
   * can be named. `os` is Node's name of the system.
   */
  device(on: { gpu: Gpu | null; os: string }): DeviceOptions | null;
  encoders: Encoder[];
};

export type Encoder = {
  codec: Codec;
  /** ffmpeg's name. */
  encoder: string;
  /** Every kind of picture that it takes. */
  formats: PictureFormat[];
  /** The smallest picture that it takes, in pixels; drivers may state a larger one. */
  min_size: { width: number; height: number };
  /** Its options say HDR's metadata; absent: they can only come with the pictures, where a trial proved that. */
  hdr?: "options";
  /** It keeps a ceiling and a quality at once. */
  caps_quality?: true;
  options(settings: EncoderSettings): string[];
};

export type PictureFormat = {
  chroma: "420" | "422" | "444" | "rgb";
  bit_depth: BitDepth;
  /** Whether it keeps how transparent each sample is. */
  alpha?: true;
  /** The pixel format in which frames come to the encoder, or to the filters that upload them to it. */
  input: string;
  /** The pixel format of the result, as ffprobe tells it. */
  result: string;
  /** Sizes must be multiples of these; any even size where absent. */
  align?: { width: number; height: number };
};

export type EncoderSettings = {
  rate: RateControl;
  preset: Preset;
  bit_depth: BitDepth;
  /** Told to encoders that would otherwise take the time base for the rate. */
  frame_rate: Rational | null;
  /** What the driver states; null where nothing is known. */
  limits: EncodeLimits | null;
  /** How the samples of colour lie, where that changes the options. */
  chroma?: PictureFormat["chroma"];
  /** Of the pictures, where that changes the options. */
  size?: { width: number; height: number };
  /** What it must be told apart from the pictures. */
  color?: { hdr: StaticHdr | null; chroma_location: string | null };
};

/**
 * `quality` is on x264's CRF scale; `bit_rate`, and `most` beside a quality (encoders with `caps_quality` only), are
 * ceilings in bits per second.
 */
export type RateControl =
  | { kind: "quality"; quality: number; most?: number }
  | { kind: "bit_rate"; bit_rate: number };
