import type { Frame } from "./frames.ts";
import { comparePictures, type PictureDifference } from "./picture-difference.ts";
import { type PicturesInput, placesOf, readResult, readSource } from "./picture-places.ts";

/**
 * One place of the film: how far the result's picture is from the source's, null where one of them has none; and how
 * much each has changed since the place before (mean difference), null where that cannot be said.
 */
export type PictureSample = {
  at_s: number;
  difference: PictureDifference | null;
  missing: "source" | "result" | null;
  change: { source: number; result: number } | null;
};

/**
 * Decodes pictures of source and result at six places and compares them, small and upright, in YUV. The result is
 * looked at where the source's frames really are: not every source can be sought exactly. Throws VcError("ffmpeg")
 * if ffmpeg does not start.
 */
export async function samplePictures(of: PicturesInput): Promise<PictureSample[]> {
  const sources = await readSource(of);
  // Both films begin with the same frame.
  const shift_s = of.result.first_s - (sources[0]?.[0]?.time_s ?? of.source.start_s);
  const shifted = sources.map((frames) =>
    frames.map((frame) => ({ ...frame, time_s: frame.time_s + shift_s })),
  );
  const results = await readResult(of, shifted);
  return compareAll({ sources: shifted, results, places_s: placesOf(of), frame_s: of.frame_s });
}

type Pair = { source: Frame; result: Frame; difference: PictureDifference };

function compareAll(of: {
  sources: Frame[][];
  results: Frame[][];
  places_s: number[];
  frame_s: number;
}): PictureSample[] {
  let before: Pair | null = null;
  return of.sources.map((sources, n) => {
    const results = of.results[n] ?? [];
    const pair = closestPair(sources, results, of.frame_s);
    const change = before === null || pair === null ? null : changeOf(before, pair);
    before = pair;
    return {
      at_s: pair?.result.time_s ?? of.places_s[n] ?? 0,
      difference: pair?.difference ?? null,
      missing: pair !== null ? null : sources.length === 0 ? "source" : "result",
      change,
    };
  });
}

/** Of the frames shown at the same time, or else those nearest in time, the two that are most alike. */
function closestPair(sources: Frame[], results: Frame[], frame_s: number): Pair | null {
  const apart = (source: Frame, result: Frame) => Math.abs(source.time_s - result.time_s);
  const all = sources.flatMap((source) => results.map((result) => ({ source, result })));
  const nearest_s = Math.min(...all.map(({ source, result }) => apart(source, result)));
  const pairs = all
    .filter(({ source, result }) => apart(source, result) <= Math.max(nearest_s, 1.5 * frame_s))
    .map(({ source, result }) => ({
      ...{ source, result },
      difference: comparePictures(source.picture, result.picture),
    }));
  return pairs.reduce<Pair | null>(
    (least, one) => (least === null || one.difference.mean < least.difference.mean ? one : least),
    null,
  );
}

function changeOf(before: Pair, after: Pair): { source: number; result: number } {
  return {
    source: comparePictures(before.source.picture, after.source.picture).mean,
    result: comparePictures(before.result.picture, after.result.picture).mean,
  };
}
