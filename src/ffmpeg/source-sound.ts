import type { AudioStream, MediaInfo } from "../shared/media.ts";
import type { Timeline } from "./timeline.ts";

/**
 * An audio track whose end in the result (seconds from the film's start) is earlier than the source made expect;
 * `claimed`: by what its header says, not by where the film ends.
 */
export type ShortSound = { index: number; end_s: number; expected_s: number; claimed: boolean };

/** What the packets of the source tell of the tracks that were kept. */
export type SoundFound = {
  short: ShortSound[];
  /** Those of the short tracks that the result, not the source, cut short; `still`: because the source's clock stands still. */
  lost: (ShortSound & { still?: boolean })[];
  /** Tracks of the source that lack packets inside, and for how many seconds in all. */
  bare: { index: number; bare_s: number }[];
};

/**
 * The tracks that end before what the source's header claims, or before the film where it claims nothing;
 * `sound` has the result's timelines by the source's stream index. Headers err, so that only the source's packets
 * can tell whether something was lost.
 */
export function findShortSound(of: {
  source: MediaInfo;
  sound: Map<number, Timeline>;
  film_end_s: number;
}): ShortSound[] {
  return of.source.audio.flatMap((track) => {
    const timeline = of.sound.get(track.index);
    if (timeline === undefined) return [];
    const end_s = timeline.end_s ?? 0;
    const claimed_s = claimedEnd(track, of.source);
    const [expected_s, slack_s] = claimed_s === null ? [of.film_end_s, FILM_SLACK_S] : [claimed_s, SLACK_S];
    if (expected_s - end_s <= slack_s) return [];
    return [{ index: track.index, end_s, expected_s, claimed: claimed_s !== null }];
  });
}

/** Puts what the result lacks beside the source's own packets. */
export function lookIntoSource(of: {
  short: ShortSound[];
  sound: Map<number, Timeline>;
  source: MediaInfo;
  source_timelines: Map<number, Timeline>;
}): SoundFound {
  const lost = of.short.flatMap((track) => {
    const timeline = of.source_timelines.get(track.index);
    const expected_s = endIn(timeline, of.source.start_s);
    const still = timeline !== undefined && standsStill(timeline) ? { still: true } : {};
    return expected_s - track.end_s > SLACK_S ? [{ ...track, expected_s, ...still }] : [];
  });
  const bare = [...of.sound.keys()].flatMap((index) => {
    const bare_s = of.source_timelines.get(index)?.bare_s ?? 0;
    return bare_s === 0 ? [] : [{ index, bare_s }];
  });
  return { short: of.short, lost, bare };
}

/** From the film's start. A clock that stands still, or counts far too slowly, says nothing: then the packets' lengths do. */
function endIn(timeline: Timeline | undefined, start_s: number): number {
  if (timeline === undefined || timeline.first_s === null || timeline.end_s === null) return 0;
  return standsStill(timeline) ? timeline.lasts_s : timeline.end_s - start_s;
}

function standsStill({ first_s, end_s, lasts_s }: Timeline): boolean {
  return lasts_s > 2 * ((end_s ?? 0) - (first_s ?? 0));
}

/** Two of the longest packets that are in use (Opus: 120 ms); decoders take such off at a track's ends. */
const SLACK_S = 0.3;
/** Nothing says that a track has to last as long as its film. */
const FILM_SLACK_S = 0.5;

/**
 * From the film's start, in seconds. Matroska's DURATION is where the track ends to some programs, and how long it
 * lasts to others: the earlier end of both.
 */
function claimedEnd(
  { start_s, duration_s }: AudioStream,
  { format, start_s: film_s }: MediaInfo,
): number | null {
  if (duration_s === null) return null;
  return format.startsWith("matroska") ? duration_s - film_s : start_s - film_s + duration_s;
}
