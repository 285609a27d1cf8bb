import type { Container } from "../shared/conversion.ts";
import type { AudioStream } from "../shared/media.ts";
import { channelsOf, isMixable, isUsual, mix, panFilter, place } from "./layouts.ts";

/** `sounding`: how many of its channels are not silent. */
export type Fitted = {
  layout: string;
  channels: number;
  sounding: number;
  placing: string | null;
  notes: string[];
};

type Of = { track: AudioStream; codec: string; container: Container; stereo: boolean };

/**
 * The layout that a track gets: its own, or the smallest that the encoder takes and players know in which no two
 * channels are mixed; where there is none, the largest, with a note.
 */
export function fitChannels(of: Of): Fitted {
  const { track } = of;
  const source = channelsOf(track.channel_layout);
  if (/^ambisonic/.test(track.channel_layout ?? "")) return fromAmbisonics(of);
  if (of.stereo && (source ?? Array(track.channels).fill("")).length > 2) return toStereo(of, source);
  if (source === null || source.length !== track.channels) return byNumber(of);
  const targets = layoutsFor(of);
  for (const layout of targets) {
    const target = channelsOf(layout) ?? [];
    const placing = place(source, target);
    if (placing === null) continue;
    const placed = isUsual(source, placing) ? null : panFilter(layout, placing);
    const notes = isSameRoom(track.channel_layout, layout)
      ? []
      : [changed(of, `${layout}, with no channel mixed`)];
    return { layout, channels: target.length, sounding: source.length, placing: placed, notes };
  }
  return mixed(of, source, targets.at(-1) ?? "stereo");
}

/** Whether every bit of every channel can be kept: no sum, no new order, no silent channel. */
export function losslessFits(of: Of): boolean {
  const { track } = of;
  if (track.channels > 8) return false;
  if (of.stereo && track.channels > 2) return true;
  const source = channelsOf(track.channel_layout);
  if (source === null) return byNumber(of).channels === track.channels;
  return layoutsFor(of).some((layout) => isSameRoom(track.channel_layout, layout));
}

/** Each layout holds all loudspeakers of those before it, or more of them. */
const AAC = ["mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"];
const OPUS = ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"];
const ALAC = ["mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1(back)"];
/** Without a word on the layout, which only Matroska has room for, FLAC means these. */
const FLAC = ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"];

/**
 * Of AAC those that have a number of their own; others are not read by older ffmpegs, nor by many devices. Of Opus
 * those of mapping family 1 (RFC 7845, section 5.1.1.2).
 */
function layoutsFor({ codec, container, track }: Of): string[] {
  if (codec === "opus") return OPUS;
  if (codec === "alac") return ALAC;
  if (codec !== "flac") return AAC;
  const own = track.channel_layout ?? "";
  return container === "mkv" && /^(?:mono|[a-z]+\w*|\d\.\d)(?:\([a-z-]+\))?$/.test(own) && own !== "downmix"
    ? [own]
    : FLAC;
}

/** Whether two layouts are the same to people: loudspeakers at the side and behind are one pair where there is one. */
export function isSameRoom(source: string | null, target: string): boolean {
  const plain = (layout: string | null) => (layout ?? "").replace("(side)", "").replace("downmix", "stereo");
  return plain(source) === plain(target);
}

/** Where no layout is told, the channels keep their order. */
function byNumber(of: Of): Fitted {
  const { channels } = of.track;
  const targets = layoutsFor(of);
  const layout =
    targets.find((one) => (channelsOf(one)?.length ?? 0) >= channels) ?? targets.at(-1) ?? "stereo";
  const count = channelsOf(layout)?.length ?? 2;
  const sounding = Math.min(channels, count);
  const notes = channels > count ? [changed(of, `${layout}; the further channels are lost`)] : [];
  return { layout, channels: count, sounding, placing: inOrder({ layout, count, channels, of }), notes };
}

function inOrder({
  layout,
  count,
  channels,
  of,
}: {
  layout: string;
  count: number;
  channels: number;
  of: Of;
}) {
  if (channels <= 2) return null;
  const numbers = Array.from({ length: count }, (_, n) => n);
  if (count <= channels && of.codec !== "aac" && of.codec !== "opus") {
    return `channelmap=map=${numbers.join("|")}:channel_layout=${layout}`;
  }
  return `pan=${layout}|${numbers.map((n) => `c${n}=${n < channels ? `0.99999*c${n}` : "0*c0"}`).join("|")}`;
}

function toStereo(of: Of, source: string[] | null): Fitted {
  const told = source ?? channelsOf(byNumber(of).layout) ?? [];
  const placing = isMixable(told) ? null : panFilter("stereo", mix(told, ["FL", "FR"]));
  const { index, channel_layout, channels } = of.track;
  const note = `Audio track ${index} becomes stereo (${channel_layout ?? `${channels} channels`}; conversion.audio_channels).`;
  return { layout: "stereo", channels: 2, sounding: 2, placing, notes: [note] };
}

function mixed(of: Of, source: string[], layout: string): Fitted {
  const target = channelsOf(layout) ?? [];
  const placing = isMixable(source) ? null : panFilter(layout, mix(source, target));
  const notes = [changed(of, `${layout}: some of its channels are mixed together`)];
  return { layout, channels: target.length, sounding: target.length, placing, notes };
}

/** Two cardioid microphones to the left and right, from the channels W and Y (ACN order, SN3D). */
function fromAmbisonics(of: Of): Fitted {
  const placing = "pan=stereo|c0=0.5*c0+0.5*c1|c1=0.5*c0-0.5*c1";
  const notes = [changed(of, "stereo: the sound of a whole sphere cannot be kept")];
  return { layout: "stereo", channels: 2, sounding: 2, placing, notes };
}

function changed({ track }: Of, what: string): string {
  return `Audio track ${track.index} (${track.channel_layout ?? `${track.channels} channels`}) becomes ${what}.`;
}
