import type { Codec, Preset } from "../../shared/conversion.ts";
import type { BitDepth, DeviceOptions, EncodeLimits, FamilyName, Gpu } from "../../shared/gpu.ts";
import type { Rational } from "../../shared/media.ts";

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
   * there at all, so that nothing is tried. `os` is Node's name of the system.
   */
  device(on: { gpu: Gpu | null; os: string }): DeviceOptions | null;
  encoders: Encoder[];
};

export type Encoder = {
  codec: Codec;
  /** ffmpeg's name. */
  encoder: string;
  /** By bits a sample; null where the encoder has no such profile. */
  pixel_formats: { 8: string; 10: string | null };
  /** The smallest picture that it takes, in pixels; drivers may state a larger one. */
  min_size: { width: number; height: number };
  options(settings: EncoderSettings): string[];
};

export type EncoderSettings = {
  rate: RateControl;
  preset: Preset;
  bit_depth: BitDepth;
  /** Told to encoders that would otherwise take the time base for the rate. */
  frame_rate: Rational | null;
  /** What the driver states; null where nothing is known. */
  limits: EncodeLimits | null;
};

/** `quality` is on x264's CRF scale; `bit_rate` is a ceiling in bits per second. */
export type RateControl = { kind: "quality"; quality: number } | { kind: "bit_rate"; bit_rate: number };
