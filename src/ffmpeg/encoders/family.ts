import type { Codec, Preset } from "../../shared/conversion.ts";
import type { Rational } from "../../shared/media.ts";

/**
 * An encoder family is data: what it is called, where its frames must lie, which encoders it has, best first, and
 * how each says quality, rate and preset. A new family is one more such record in families.ts.
 */
export type EncoderFamily = {
  family: string;
  /** Where the encoder takes its frames from; "cpu" frames come straight from the software filters. */
  frames: "cpu" | "gpu";
  encoders: Encoder[];
};

export type Encoder = {
  codec: Codec;
  /** ffmpeg's name. */
  encoder: string;
  /** By bits a sample; null where the encoder has no such profile. */
  pixel_formats: { 8: string; 10: string | null };
  /** The smallest picture that it takes, in pixels. */
  min_size: { width: number; height: number };
  options(settings: EncoderSettings): string[];
};

export type EncoderSettings = {
  rate: RateControl;
  preset: Preset;
  /** Told to encoders that would otherwise take the time base for the rate. */
  frame_rate: Rational | null;
};

/** `quality` is on x264's CRF scale; `bit_rate` is a ceiling in bits per second. */
export type RateControl = { kind: "quality"; quality: number } | { kind: "bit_rate"; bit_rate: number };
