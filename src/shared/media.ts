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
  other: OtherStream[];
  chapters: number;
  /** Of Matroska: parts of the film lie in other files; or players show its own in another order, or not all. */
  parts?: "elsewhere" | "ordered";
  /**
   * Of a file that was glued from films with a clock each: when all but the first begin, in seconds from the film's start;
   * and how many tracks of pictures or text only later ones have.
   */
  joins?: { at_s: number[]; unread: number };
  /** Of the chapters in their order, less those that end before the film begins; null for one without a title. */
  chapter_titles: (string | null)[];
  /** What the container says of the whole film, such as `title`, in the container's own spelling. */
  tags: Record<string, string>;
};

export type OtherStream = {
  index: number;
  kind: string;
  codec: string;
  /** Of an attachment. */
  mimetype: string | null;
  filename: string | null;
  /** Four letters for the codec (mp4), such as `text`. */
  tag: string | null;
};

export type Rational = { num: number; den: number };

/** From when on pictures have this size, as stored, and this shape of pixels: seconds of the file's own clock. */
export type PictureShape = { from_s: number; width: number; height: number; sample_aspect_ratio: Rational };

/** Pixels at the sides of a stored picture; `by_ffmpeg`: it is seen, and cut off, by ffmpeg itself. */
export type Crop = { left: number; top: number; right: number; bottom: number; by_ffmpeg: boolean };

/** Static (ST 2086, CTA-861.3) and dynamic metadata of HDR, in the container or in the pictures. */
export type Hdr = StaticHdr & {
  hdr10_plus: boolean;
  dolby_vision: DolbyVision | null;
};

export type StaticHdr = {
  /** The screen that the film was made on: CIE 1931 x and y, luminance in cd/m2. */
  mastering: MasteringDisplay | null;
  /** The lightest sample and the lightest picture, in cd/m2. */
  light: { max_content: number; max_average: number } | null;
};

export type MasteringDisplay = {
  red: Chromaticity;
  green: Chromaticity;
  blue: Chromaticity;
  white: Chromaticity;
  min_luminance: number;
  max_luminance: number;
};
export type Chromaticity = { x: number; y: number };

/** `compatibility`: what the pictures are to players without Dolby Vision, by Dolby's own numbers; null: not said. */
export type DolbyVision = { profile: number; compatibility: number | null };

/**
 * How pictures were taken, and which field comes first where they have two. `told_interlaced`: the header says so, but
 * what was looked at are whole pictures. `telecined`: whole pictures whose fields were paired with wrong ones.
 */
export type Scan = {
  kind: "progressive" | "interlaced" | "told_interlaced" | "telecined";
  first: "top" | "bottom" | null;
  /** Whether the pictures were looked at and told something. */
  seen: boolean;
  /** Some places of a film that says nothing of fields show them, too few to treat all of it so. */
  partly?: boolean;
};

export type VideoStream = {
  index: number;
  codec: string;
  profile: string | null;
  /** Stored size, before cropping, rotation and sample aspect ratio. */
  width: number;
  height: number;
  /** Clockwise degrees: 0, 90, 180, 270. */
  rotation: number;
  /** Left and right change places, after the rotation. */
  mirrored: boolean;
  /** Only some of the pictures tell how they are turned; ffmpeg before 6 turns those alone. */
  turned_in_pictures: boolean;
  /** Clockwise degrees where the header wants a turn that is no quarter; null else. */
  tilted: number | null;
  /** What the header says is not to be shown of the stored picture; null for nothing. */
  crop: Crop | null;
  sample_aspect_ratio: Rational;
  /**
   * Where the pictures were looked at and change their size or their pixels' shape on the way: how, in order. Size and
   * shape above are then those of most of them, enlarged until none must be made smaller.
   */
  shapes?: PictureShape[];
  /** Pictures before `until_s` (by the file's own clock) are to be shown by so many seconds later than ffmpeg would. */
  lead?: { until_s: number; by_s: number };
  pixel_format: string;
  bit_depth: number;
  /** The container holds transparency beside these pictures (WebM's AlphaMode), which ffmpeg's own decoders leave out. */
  hidden_alpha: boolean;
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
  /** By its header. */
  interlaced: boolean;
  /** By its header, and by its pictures where they were looked at. */
  scan: Scan;
  color: { primaries: string | null; transfer: string | null; matrix: string | null; range: string | null };
  /** Where samples of colour lie between those of brightness, by ffmpeg's name; null where the file does not say. */
  chroma_location: string | null;
  language: string | null;
  title: string | null;
  /** What an HDR film says of its light; null where it says nothing. */
  hdr: Hdr | null;
  /** Cover art or a thumbnail, not a film. */
  attached_picture: boolean;
  /** Of a cover: what Matroska calls it. */
  filename: string | null;
  mimetype: string | null;
  /** A still or a row of thumbnails beside the film. */
  still: boolean;
  default: boolean;
  /** The pictures were looked at, and carry closed captions (EIA-608, CTA-708). */
  captions: boolean;
  /** What the header says and no film can mean, one sentence each. */
  oddities: string[];
};

export type AudioStream = {
  index: number;
  codec: string;
  profile: string | null;
  channels: number;
  channel_layout: string | null;
  sample_rate: number;
  /** Bits of a sample, `float` where it is a floating-point number; null where unknown. */
  sample_bits: number | "float" | null;
  bit_rate: number | null;
  language: string | null;
  title: string | null;
  /** What the header says that the track is for, by ffmpeg's names of dispositions, such as `comment`. */
  flags: string[];
  /** The name of the track's handler (mp4), where titles may stand, too. */
  handler: string | null;
  start_s: number;
  /** What the header claims; null where it says nothing. */
  duration_s: number | null;
  /** It was looked for, and no sound of it is in the file. */
  empty: boolean;
  /** It was listened to, and the ffmpeg at hand can decode nothing of it. */
  undecodable: boolean;
  /** Its form changes on the way, or is not told where the file begins: no header of a copy could say it. */
  unsteady: boolean;
  /** So much of it stands before the film's beginning, and is not to be heard (edit lists of mp4). */
  hidden_s?: number;
};

export type SubtitleStream = {
  index: number;
  codec: string;
  /** Text can be converted between containers; pictures cannot. */
  text: boolean;
  language: string | null;
  title: string | null;
  /** As an audio track's. */
  flags: string[];
  handler: string | null;
  /** As the header or the first packets tell it; left out where they do not. */
  start_s?: number;
};
