import type { Conversion } from "../shared/conversion.ts";
import type { AudioStream, MediaInfo, OtherStream, SubtitleStream, VideoStream } from "../shared/media.ts";
import { formatQuality } from "../shared/quality.ts";
import type { Plan } from "./plan.ts";
import type { AudioPlan } from "./plan-audio.ts";
import { isListOfChapters, isTimecode } from "./plan-extras.ts";
import type { VideoPlan } from "./plan-video.ts";

/** What becomes of one track of a file. */
export type StreamFate = {
  /** The track's index in the source, and what it is, in words. */
  index: number;
  kind: string;
  is: string;
  language: string | null;
  title: string | null;
  /** `none`: nothing happens to the whole file. */
  fate: "converted" | "kept" | "left out" | "none";
  /** What it will be, in words; null where it will not be. */
  becomes: string | null;
  /** One sentence each. */
  why: string[];
};

export type Explanation = {
  streams: StreamFate[];
  /** What else cannot be kept, or should be known. */
  notes: string[];
};

/** A plan in words, track by track, in the order of the file; without a plan, what the file holds. */
export function explain(of: { media: MediaInfo; conversion: Conversion; plan: Plan | null }): Explanation {
  const { media, plan } = of;
  const fates = [
    ...media.video.map((stream) => fateOfVideo(stream, of)),
    ...media.audio.map((stream) => fateOfAudio(stream, of)),
    ...media.subtitles.map((stream) => fateOfSubtitle(stream, of)),
    ...media.other.map((stream) => fateOfOther(stream, of)),
  ];
  const notes = plan?.notes ?? [];
  const told = new Set<string>();
  const streams = fates
    .toSorted((a, b) => a.index - b.index)
    .map((stream): StreamFate => {
      const own = notes.filter((note) => isAbout(note, stream));
      for (const note of own) told.add(note);
      const why = [...stream.why, ...own];
      return { ...stream, why: stream.fate === "left out" && why.length === 0 ? [UNEXPLAINED] : why };
    });
  return { streams, notes: notes.filter((note) => !told.has(note)) };
}

const UNEXPLAINED = "The result has no place for it.";

/** Notes name tracks by their index, cover pictures by their kind. */
function isAbout(note: string, { index, kind, fate }: StreamFate): boolean {
  if (new RegExp(`\\b(?:track|stream) (?:\\()?${index}\\b`, "i").test(note)) return true;
  return kind === "cover" && fate === "left out" && /\bcover picture\b/i.test(note);
}

type Of = Parameters<typeof explain>[0];
type Fate = Pick<StreamFate, "fate" | "becomes" | "why">;

/** `planned` is undefined for what the plan does not take. */
function fateOf<T>(plan: Plan | null, planned: T | undefined, tell: (planned: T) => Fate): Fate {
  if (plan === null) return { fate: "none", becomes: null, why: [] };
  return planned === undefined ? { fate: "left out", becomes: null, why: [] } : tell(planned);
}

const KEPT = (why: string): Fate => ({ fate: "kept", becomes: "as it is", why: [why] });

function fateOfVideo(stream: VideoStream, { plan, conversion }: Of): StreamFate {
  const { index, attached_picture } = stream;
  const about = { index, is: describeVideo(stream), language: null, title: null };
  if (attached_picture) {
    const cover = plan?.covers.find((one) => one.index === index);
    return {
      ...about,
      kind: "cover",
      ...fateOf(plan, cover, () => KEPT(`${plan?.container} holds covers.`)),
    };
  }
  const film = plan?.video.index === index ? plan.video : undefined;
  return { ...about, kind: "video", ...fateOf(plan, film, (video) => fateOfFilm(stream, video, conversion)) };
}

function fateOfFilm(stream: VideoStream, video: VideoPlan, { codec, target_resolution }: Conversion): Fate {
  const { rate } = video;
  const most = rate.kind === "quality" ? rate.most : rate.bit_rate;
  const quality = rate.kind === "quality" ? [qualityOf(video, rate.quality)] : [];
  const parts = [
    `${video.codec}`,
    `${video.width}x${video.height}`,
    `${video.bit_depth} bits`,
    ...curveOf(video),
    ...[...quality, ...(most === undefined ? [] : [`at most ${kilobits(most)}`])],
  ];
  const box = target_resolution && `${target_resolution.width}x${target_resolution.height}`;
  const why = [
    `conversion.codec is ${codec}.`,
    ...(video.scaled && box !== null ? [`It is fitted into conversion.target_resolution (${box}).`] : []),
    ...(video.scaled && box === null ? ["Its pixels become square."] : []),
    ...(stream.rotation !== 0 ? [`It is turned upright, by ${stream.rotation} degrees.`] : []),
    ...(stream.mirrored ? ["It is mirrored, as it is meant to be seen."] : []),
    ...(stream.crop !== null ? ["What its header says is not to be shown is cropped."] : []),
    ...(video.fields?.how === "deinterlace" ? ["It is deinterlaced."] : []),
    ...(video.fields?.how === "match" ? ["Its fields are paired anew."] : []),
    ...(video.hdr !== null ? ["Its HDR metadata (mastering display, light levels) is kept."] : []),
    ...(video.tone_map !== null ? ["Its HDR is tone-mapped to SDR."] : []),
  ];
  return { fate: "converted", becomes: parts.join(", "), why };
}

function qualityOf({ wish }: VideoPlan, quality: number): string {
  return wish === null ? `quality ${quality}` : `quality searched for ${formatQuality(wish)}`;
}

function fateOfAudio(stream: AudioStream, { plan, conversion }: Of): StreamFate {
  const { index, language, title, codec, channels, channel_layout, sample_rate, bit_rate } = stream;
  const is = [
    codec,
    channel_layout ?? `${channels} channels`,
    `${sample_rate / 1000} kHz`,
    ...(bit_rate === null ? [] : [kilobits(bit_rate)]),
  ].join(", ");
  const planned = plan?.audio.find((track) => track.index === index);
  const container = plan?.container ?? conversion.container;
  const fate = fateOf(plan, planned, (track) => fateOfSound(track, { ...conversion, container }));
  return { index, kind: "audio", is, language, title, ...fate };
}

function fateOfSound(track: AudioPlan, { audio_codec, audio_lossless, container }: Conversion): Fate {
  if (track.action === "copy") return KEPT(`${container} can hold it as it is.`);
  const { codec, layout, sample_rate, bit_rate } = track;
  const rate = bit_rate === null ? "lossless" : kilobits(bit_rate);
  const becomes = [codec, layout, `${sample_rate / 1000} kHz`, rate].join(", ");
  const why = bit_rate === null ? `audio_lossless is ${audio_lossless}` : `audio_codec is ${audio_codec}`;
  return { fate: "converted", becomes, why: [`conversion.${why}.`] };
}

function fateOfSubtitle({ index, codec, language, title }: SubtitleStream, { plan }: Of): StreamFate {
  const is = { index, kind: "subtitle", is: codec, language, title };
  const beside = plan?.beside.find((track) => track.index === index);
  if (beside !== undefined) {
    return {
      ...is,
      fate: "kept",
      becomes: `as it is, in a file beside the film (.${beside.extension})`,
      why: [],
    };
  }
  const planned = plan?.subtitles.find((track) => track.index === index);
  const fate = fateOf(plan, planned, (track): Fate => {
    if (track.encoder === "copy") return KEPT(`${plan?.container} can hold it as it is.`);
    const why = [`${plan?.container} holds subtitles in this form.`];
    return { fate: "converted", becomes: track.codec, why };
  });
  return { ...is, ...fate };
}

function fateOfOther(stream: OtherStream, { plan, media }: Of): StreamFate {
  const { index, kind, codec, mimetype } = stream;
  const planned = plan?.attachments.find((one) => one.index === index);
  const anew = isListOfChapters(stream, media)
    ? "list of chapters"
    : plan !== null && isTimecode(stream, plan.container)
      ? "film's time code"
      : null;
  const fate =
    plan !== null && anew !== null
      ? KEPT(`It is the ${anew}, which is made anew.`)
      : fateOf(plan, planned, () => KEPT(`${plan?.container} holds attachments.`));
  // ffprobe's name for a tag of four zero bytes.
  const named = codec.startsWith("[0]") ? null : codec;
  const is = mimetype === null ? (named ?? "unknown") : named === null ? mimetype : `${named} (${mimetype})`;
  return { index, kind, is, language: null, title: null, ...fate };
}

function describeVideo(stream: VideoStream): string {
  const { codec, profile, width, height, frame_rate, bit_depth, bit_rate } = stream;
  return [
    profile === null ? codec : `${codec} (${profile})`,
    `${width}x${height}`,
    ...(stream.attached_picture || frame_rate === null ? [] : [`${round(frame_rate)} fps`]),
    ...(stream.attached_picture ? [] : [`${bit_depth} bits`]),
    ...(stream.interlaced ? ["interlaced"] : []),
    ...curveOf(stream),
    ...(bit_rate === null ? [] : [kilobits(bit_rate)]),
  ].join(", ");
}

function curveOf({ color }: Pick<VideoStream, "color">): string[] {
  if (color.transfer === "smpte2084") return ["HDR (PQ)"];
  return color.transfer === "arib-std-b67" ? ["HDR (HLG)"] : [];
}

function kilobits(bit_rate: number): string {
  return `${Math.round(bit_rate / 1000)} kbit/s`;
}

function round(rate: number): number {
  return Math.round(rate * 1000) / 1000;
}
