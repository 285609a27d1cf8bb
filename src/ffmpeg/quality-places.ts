import type { MediaInfo } from "../shared/media.ts";
import type { Window } from "./quality-compare.ts";

/** Where a film is looked at to learn how good it is. Seconds from the first picture on. */
export type Places = {
  at_s: number[];
  /** How long one is; 0: the film is short, and looked at as a whole. */
  length_s: number;
};

/** Shorter films are used whole. */
const WHOLE_S = 15;
const SAMPLE_S = 3;
const SAMPLES = 5;
/** Where five samples would be as much as the film. */
const FEW_SAMPLES = 3;
const SHORT_S = 60;

/** The samples of a search: in the middles of equal parts, so that neither titles nor credits count much. */
export function samplePlaces(duration_s: number | null): Places {
  if (duration_s !== null && duration_s <= WHOLE_S) return { at_s: [0], length_s: 0 };
  // A film that does not say how long it is has a beginning at least.
  if (duration_s === null) return { at_s: [0], length_s: WHOLE_S };
  const count = duration_s < SHORT_S ? FEW_SAMPLES : SAMPLES;
  const part_s = duration_s / count;
  const at_s = Array.from({ length: count }, (_, n) => round((n + 0.5) * part_s - SAMPLE_S / 2));
  return { at_s, length_s: SAMPLE_S };
}

const MOST_CHECKS = 12;
const LEAST_CHECKS = 4;
/** Each place is reached by decoding from a keyframe, some seconds away. */
const APART_S = 15;
const CHECK_S = 1;

/** Places at random, one in each of equal parts of the film; `random` gives numbers from 0 to 1. */
export function randomPlaces(duration_s: number, random: () => number): Places {
  if (duration_s <= WHOLE_S) return { at_s: [0], length_s: 0 };
  const count = Math.max(LEAST_CHECKS, Math.min(MOST_CHECKS, Math.round(duration_s / APART_S)));
  const part_s = (duration_s - CHECK_S) / count;
  const at_s = Array.from({ length: count }, (_, n) => round((n + random()) * part_s));
  return { at_s, length_s: CHECK_S };
}

/** `first_s`: the time of the film's first picture in its file. */
export function windowAt({ length_s }: Places, at_s: number, first_s: number): Window {
  return length_s === 0 ? null : { from_s: first_s + at_s, to_s: first_s + at_s + length_s };
}

/** Whether the container knows where its keyframes are. */
export function isIndexed({ format }: MediaInfo): boolean {
  return ["mov", "matroska", "avi"].some((name) => format.startsWith(name));
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
