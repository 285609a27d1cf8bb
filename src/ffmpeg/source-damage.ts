import type { VideoStream } from "../shared/media.ts";
import type { Damage } from "./log.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { BrokenPictures } from "./source-pictures.ts";
import type { Timeline } from "./timeline.ts";

/**
 * What ffmpeg's complaints mean for a film that lost no more than a frame: a few broken pictures or sounds, as every
 * recording from the air has, are told in a note; more are damage. Complaints about frames before the first keyframe
 * of a recording that was cut in are no damage: of a constant rate those that are missing inside were counted.
 * `sound` has the result's timelines by the source's stream index.
 */
export function judgeDamage(of: {
  film: VideoStream;
  timeline: Timeline;
  sound: Map<number, Timeline>;
  damage: Damage;
  broken: BrokenPictures | null;
}): { notes: string[] } | { refusal: Refusal } {
  const { damage, timeline } = of;
  if (damage.lines === 0) return { notes: [] };
  const said = firstWords(damage);
  const broken = Math.max(damage.corrupt_pictures, of.broken?.broken ?? 0) + uncounted(of);
  if (broken > Math.max(1, timeline.packets * BROKEN_PICTURES)) {
    const message = `Parts of the film are damaged: ffmpeg complained at ${placesOf(damage)} while reading it, first: ${said}.`;
    return refusal("permanent", "source_damaged", message);
  }
  for (const [index, { packets }] of of.sound) {
    const lost = damage.undecoded[index] ?? 0;
    if (lost <= Math.max(LOST_SOUNDS, packets * LOST_SOUND)) continue;
    const message = `The sound of track ${index} is damaged: ${lost} pieces of it could not be decoded.`;
    return refusal("permanent", "source_damaged", message);
  }
  const pictures = broken === 0 ? "" : ` ${broken} of its ${timeline.packets} pictures may show it.`;
  return { notes: [`The source has small damage at ${placesOf(damage)}, first: ${said}.${pictures}`] };
}

/** Two pictures in a thousand: a quarter of a minute of a film of two hours. */
const BROKEN_PICTURES = 0.002;
/** A piece of AAC lasts 20 ms. */
const LOST_SOUND = 0.01;
const LOST_SOUNDS = 3;

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
    .replace(/file:.*: (?=corrupt)/, "")
    .slice(0, 200);
}
