import type { DeviceOptions, EncodeLimits, FamilyName, Gpu } from "./gpu.ts";

/** What a machine was seen to do, by trial. Encoder families and devices that are not here do not exist. */
export type Capabilities = {
  ffmpeg: FfmpegInfo;
  /** All that Vulkan showed, devices of type cpu included; empty where there is no Vulkan. */
  gpus: Gpu[];
  /** Encoders that really encoded a few frames, such as `{ family: "software", codec: "h264", encoder: "libx264" }`. */
  encoders: ProvenEncoder[];
  /** Whether HDR can become SDR on the CPU; `why` not, null where it was proven. Absent: never tried. */
  tone_map?: { why: string | null };
  /** What was tried and did not work. */
  refused: RefusedEncoder[];
};

export type FfmpegInfo = {
  path: string;
  ffprobe_path: string;
  /** As ffmpeg prints it, such as `5.1.9-0+deb12u1`. */
  version: string;
  /** 5 for 5.1.9; null for a development build. */
  major: number | null;
};

export type ProvenEncoder = {
  family: FamilyName;
  codec: string;
  encoder: string;
  ten_bit: boolean;
  /** It was seen to pass on HDR's metadata that its pictures carry. */
  hdr?: boolean;
  /** The id of the Gpu that it was tried on; null where it needs none, or takes the system's default device. */
  device: string | null;
  /** The options with which it was proven. */
  open: DeviceOptions;
  /** What the driver states; null where nothing is known. */
  limits: EncodeLimits | null;
};

export type RefusedEncoder = {
  family: FamilyName;
  codec: string;
  encoder: string;
  device: string | null;
  why: string;
};
