import type { MediaInfo, VideoStream } from "../shared/media.ts";
import type { Damage } from "./log.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { BrokenPictures } from "./source-pictures.ts";
import type { ShortSound, SoundFound } from "./source-sound.ts";
import type { Timeline } from "./timeline.ts";

/**
 * What ffmpeg's complaints mean for a film that lost no more than a frame: a few broken pictures or sounds, as every
 * recording from the air has, are told in a note; more are damage. Complaints about frames before the first keyframe
 * of a recording that was cut in are no damage: of a constant rate those that are missing inside were counted.
 * `sound` has the result's timelines by the source's stream index.
 */
export function judgeDamage(of: {
  film: VideoStream;
  source: MediaInfo;
  timeline: Timeline;
  sound: Map<number, Timeline>;
  damage: Damage;
  broken: BrokenPictures | null;
  found: SoundFound;
  missing_bytes: number;
}): { notes: string[] } | { refusal: Refusal } {
  const { damage, timeline } = of;
  const shorter = claimedSound(of);
  if (shorter !== null) return refusal("permanent", "source_damaged", shorter);
  if (damage.lines === 0) return { notes: bareNotes(of) };
  const said = firstWords(damage);
  const broken = Math.max(damage.corrupt_pictures, of.broken?.broken ?? 0) + uncounted(of);
  if (broken > Math.max(1, timeline.packets * BROKEN_PICTURES)) {
    const message = `Parts of the film are damaged: ffmpeg complained at ${placesOf(damage)} while reading it, first: ${said}.`;
    return refusal("permanent", "source_damaged", message);
  }
  const lost = lostSound(of);
  if (lost !== null) return refusal("permanent", "source_damaged", lost);
  const pictures = broken === 0 ? "" : ` ${broken} of its ${timeline.packets} pictures may show it.`;
  const small = `The source has small damage at ${placesOf(damage)}, first: ${said}.${pictures}`;
  return { notes: [small, ...bareNotes(of)] };
}

/** Two pictures in a thousand: a quarter of a minute of a film of two hours. */
const BROKEN_PICTURES = 0.002;
/** As of the pictures. A piece of AAC lasts 20 ms. */
const LOST_SOUND = 0.002;
const LOST_SOUNDS = 3;
const BARE_S = 0.1;

/**
 * Sound that the source's header claims and its packets do not hold. mp4 counts its samples; other headers may be left
 * over from another film, so that there a second sign of damage is needed.
 */
function claimedSound({
  damage,
  found,
  source,
  missing_bytes,
}: Parameters<typeof judgeDamage>[0]): string | null {
  const sure = source.format.startsWith("mov") || damage.lines > 0 || missing_bytes > 0;
  const isCut = ({ index, claimed }: ShortSound) =>
    claimed && !found.lost.some((lost) => lost.index === index);
  const cut = sure ? found.short.find(isCut) : undefined;
  if (cut === undefined) return null;
  return `The sound of track ${cut.index} is damaged: it ends at ${cut.end_s.toFixed(1)} s, the file says at ${cut.expected_s.toFixed(1)} s.`;
}

/** More sound that could not be decoded, or is not there, than a few clicks. */
function lostSound({ damage, sound, found }: Parameters<typeof judgeDamage>[0]): string | null {
  for (const [index, { packets, end_s }] of sound) {
    const lost = damage.undecoded[index] ?? 0;
    if (lost > Math.max(LOST_SOUNDS, packets * LOST_SOUND)) {
      return `The sound of track ${index} is damaged: ${lost} pieces of it could not be decoded.`;
    }
    const bare_s = bareOf(found, index);
    if (bare_s > Math.max(BARE_S, (end_s ?? 0) * LOST_SOUND)) {
      return `The sound of track ${index} is damaged: ${bare_s.toFixed(1)} s of it are missing.`;
    }
  }
  return null;
}

/** Gaps that may well be meant: a recording that paused has them. */
function bareNotes({ sound, found }: Parameters<typeof judgeDamage>[0]): string[] {
  return [...sound.keys()].flatMap((index) => {
    const bare_s = bareOf(found, index);
    return bare_s > BARE_S
      ? [`The sound of track ${index} has gaps of ${bare_s.toFixed(1)} s in the source.`]
      : [];
  });
}

function bareOf(found: SoundFound, index: number): number {
  return found.bare.find((track) => track.index === index)?.bare_s ?? 0;
}

/** Frames that may be missing where no constant rate betrays them. */
function uncounted({ film, timeline, damage }: Parameters<typeof judgeDamage>[0]): number {
  if (film.constant_rate) return 0;
  if (film.frames !== null) return Math.max(0, film.frames - timeline.packets);
  return (damage.undecoded[film.index] ?? 0) + damage.container;
}

function placesOf({ lines }: Damage): string {
  return lines === 1 ? "one place" : `${lines} places`;
}

function firstWords({ first }: Damage): string {
  return (first ?? "")
    .replace(/^(?:\[[^\]]*\] ?)+/, "")
    .replace(/(?:file|data):.*: (?=corrupt)/, "")
    .slice(0, 200);
}
