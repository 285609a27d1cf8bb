import type { AudioStream } from "../shared/media.ts";
import type { Plan } from "./plan.ts";
import type { AudioPlan } from "./plan-audio.ts";
import { isSameRoom } from "./plan-channels.ts";

/** What of the result's audio tracks is not as planned, in words that follow "its"; null if nothing. */
export function wrongAudio({ audio }: Plan, made: AudioStream[]): string | null {
  const marked = audio.some(({ flags }) => flags.includes("default"));
  for (const [n, planned] of audio.entries()) {
    const track = made[n];
    if (track === undefined) return `audio track ${n + 1} is missing`;
    const wrong =
      wrongSound(planned, track) ?? wrongLabels(planned, marked ? track : withoutDefault(track)) ?? null;
    if (wrong !== null) return `audio track ${n + 1} ${wrong}`;
  }
  return null;
}

/** A copy is the same sound, whatever its new header makes a prober believe. */
function wrongSound(planned: AudioPlan, track: AudioStream): string | null {
  if (planned.action === "copy") return null;
  if (track.channels !== planned.channels) {
    return `has ${track.channels} channels, not ${planned.channels}`;
  }
  if (track.channel_layout !== null && !isSameRoom(track.channel_layout, planned.layout)) {
    return `is ${track.channel_layout}, not ${planned.layout}`;
  }
  if (track.sample_rate !== planned.sample_rate) {
    return `has ${track.sample_rate} Hz, not ${planned.sample_rate}`;
  }
  return null;
}

function wrongLabels(planned: AudioPlan, track: AudioStream): string | null {
  if (track.language !== planned.language) {
    return `has ${track.language ?? "no"} language, not ${planned.language ?? "none"}`;
  }
  if (planned.title !== null && track.title !== planned.title && track.handler !== planned.title) {
    return `has the title ${JSON.stringify(track.title)}, not ${JSON.stringify(planned.title)}`;
  }
  const [is, meant] = [track.flags.join(", "), planned.flags.join(", ")];
  return is === meant ? null : `is marked as ${is || "nothing"}, not ${meant || "nothing"}`;
}

/** Where no track is the default, mp4's first one is all the same. */
function withoutDefault(track: AudioStream): AudioStream {
  return { ...track, flags: track.flags.filter((flag) => flag !== "default") };
}
