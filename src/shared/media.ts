/** What ffprobe said of a file, distrusted and normalized. Seconds, bits per second, pixels. */
export type MediaInfo = {
  /** ffmpeg's name of the container, such as `matroska,webm`. */
  format: string;
  /** Null where the container does not say, or says something impossible. */
  duration_s: number | null;
  start_s: number;
  size_bytes: number;
  bit_rate: number | null;
  video: VideoStream[];
  audio: AudioStream[];
  subtitles: SubtitleStream[];
  /** Streams of other kinds (data, attachments, unknown), by index and name. */
  other: { index: number; kind: string; codec: string; mimetype: string | null }[];
  chapters: number;
};

export type Rational = { num: number; den: number };

export type VideoStream = {
  index: number;
  codec: string;
  profile: string | null;
  /** Stored size, before rotation and sample aspect ratio. */
  width: number;
  height: number;
  /** Clockwise degrees: 0, 90, 180, 270. */
  rotation: number;
  sample_aspect_ratio: Rational;
  pixel_format: string;
  bit_depth: number;
  chroma: "420" | "422" | "444" | "rgb" | "gray" | "other";
  /** Frames per second: the average, and the smallest that holds every frame's time. */
  frame_rate: number | null;
  base_frame_rate: number | null;
  constant_rate: boolean;
  /** The smallest rate exactly, for encoders that must be told; null where unknown. */
  exact_rate: Rational | null;
  /** The unit of the stream's timestamps, in seconds. */
  time_base: Rational;
  bit_rate: number | null;
  /** What the header claims; null where it says nothing. */
  duration_s: number | null;
  start_s: number;
  frames: number | null;
  interlaced: boolean;
  color: { primaries: string | null; transfer: string | null; matrix: string | null; range: string | null };
  /** Cover art or a thumbnail, not a film. */
  attached_picture: boolean;
};

export type AudioStream = {
  index: number;
  codec: string;
  channels: number;
  channel_layout: string | null;
  sample_rate: number;
  bit_rate: number | null;
  language: string | null;
  title: string | null;
  default: boolean;
  start_s: number;
  /** What the header claims; null where it says nothing. */
  duration_s: number | null;
};

export type SubtitleStream = {
  index: number;
  codec: string;
  /** Text can be converted between containers; pictures cannot. */
  text: boolean;
  language: string | null;
  title: string | null;
};
