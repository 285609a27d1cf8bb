import { tellScore } from "../../ffmpeg/quality-measures.ts";
import { printable } from "../../shared/printable.ts";
import type { QualityScore, QualitySearch } from "../../shared/quality.ts";
import { bytes, count } from "./format.ts";
import type { Branch } from "./tree.ts";

/** How the setting of a film was found: each one that was tried, and the one that was taken. */
export function searchBranch(search: QualitySearch): Branch {
  const { measure, wish, wanted, places, sample_s, steps, taken, reached } = search;
  const of = sample_s === 0 ? "the whole film" : `${count(places.length, "sample")} of ${sample_s} s`;
  const end = reached ? "" : "; no setting reached it";
  return {
    text: `Search: ${printable(wish)}, at least ${tellScore(measure, wanted)}, over ${of}${end}`,
    below: steps.map(({ quality, setting, size, score }) => {
      const mark = quality === taken ? " ← taken" : "";
      return `${printable(setting)}: ${tellScore(measure, score)}, ${bytes(size)}${mark}`;
    }),
  };
}

export function scoreLine({ measure, score, worst, places, wanted, met }: QualityScore): string {
  const at = places === 1 ? "over the whole film" : `at ${places} random places`;
  const least =
    places === 1 ? "" : ` (the worst: ${tellScore(measure, worst.score)} at ${worst.at_s.toFixed(1)} s)`;
  const wish = wanted === null ? "" : `, ${tellScore(measure, wanted)} was wanted`;
  return `Score: ${tellScore(measure, score)} ${at}${least}${wish}${met ? "" : ": too little"}`;
}
