import type { MediaInfo, VideoStream } from "../shared/media.ts";
import type { AudioPlan } from "./plan-audio.ts";
import { type Refusal, refusal } from "./refusal.ts";

/**
 * Refuses a film whose result, without a track that somebody may want to see or hear, would take its place: one day the
 * original is deleted. What settings leave out, such as picture subtitles in mp4, is no such track; null: all are kept.
 */
export function refuseLoss(of: {
  media: MediaInfo;
  film: VideoStream;
  audio: AudioPlan[];
}): { refusal: Refusal } | null {
  const lost = [...lostSound(of), ...lostPictures(of), ...lostParts(of.media)];
  if (lost.length === 0) return null;
  const message = `Left alone, as storage.replace would let the result take the film's place without ${lost.join(", ")}.`;
  return refusal("skipped", "would_lose", message);
}

/** All but tracks that were looked through and hold nothing. */
function lostSound({ media, audio }: Parameters<typeof refuseLoss>[0]): string[] {
  return media.audio
    .filter((track) => !track.empty && audio.every(({ index }) => index !== track.index))
    .map(({ index, codec, language }) => `audio track ${index} (${language ?? codec})`);
}

/** Of what stands still, the film itself shows more. */
function lostPictures({ media, film }: Parameters<typeof refuseLoss>[0]): string[] {
  return media.video
    .filter((one) => one.index !== film.index && !one.attached_picture && !one.still && one.frames !== 1)
    .map(({ index, codec, width, height }) => `video track ${index} (${codec}, ${width}x${height})`);
}

function lostParts({ joins }: MediaInfo): string[] {
  const unread = joins?.unread ?? 0;
  return unread === 0 ? [] : [`${unread} tracks that only later parts of the file have`];
}
