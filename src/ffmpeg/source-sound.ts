import type { MediaInfo } from "../shared/media.ts";
import type { Timeline } from "./timeline.ts";

/** An audio track whose end in the result (seconds from the film's start) is earlier than the source made expect. */
export type ShortSound = { index: number; end_s: number; expected_s: number };

/**
 * The tracks that end well before what the source's header claims, or before the film where it claims nothing;
 * `sound` has the result's timelines by the source's stream index. Headers err, so that only the source's packets
 * can tell whether something was lost.
 */
export function findShortSound(of: {
  source: MediaInfo;
  sound: Map<number, Timeline>;
  film_end_s: number;
}): ShortSound[] {
  return of.source.audio.flatMap(({ index, start_s, duration_s }) => {
    const timeline = of.sound.get(index);
    if (timeline === undefined) return [];
    const end_s = timeline.end_s ?? 0;
    const expected_s = duration_s === null ? of.film_end_s : start_s - of.source.start_s + duration_s;
    return isShorter(end_s, expected_s) ? [{ index, end_s, expected_s }] : [];
  });
}

/** Those of the short tracks that the result, not the source, cut short. */
export function lostSound(of: {
  short: ShortSound[];
  source: MediaInfo;
  source_timelines: Map<number, Timeline>;
}): ShortSound[] {
  return of.short.flatMap((track) => {
    const end_s = of.source_timelines.get(track.index)?.end_s ?? null;
    const expected_s = end_s === null ? 0 : end_s - of.source.start_s;
    return isShorter(track.end_s, expected_s) ? [{ ...track, expected_s }] : [];
  });
}

function isShorter(end_s: number, expected_s: number): boolean {
  return expected_s - end_s > Math.max(0.5, expected_s * 0.01);
}
