/** What a machine was seen to do, by trial. Encoder families and devices that are not here do not exist. */
export type Capabilities = {
  ffmpeg: FfmpegInfo;
  /** Encoders that really encoded a few frames, such as `{ family: "software", codec: "h264", encoder: "libx264" }`. */
  encoders: ProvenEncoder[];
  /** What was tried and did not work. */
  refused: { family: string; codec: string; encoder: string; why: string }[];
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
  family: string;
  codec: string;
  encoder: string;
  ten_bit: boolean;
};
