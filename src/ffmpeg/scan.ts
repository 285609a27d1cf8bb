import type { Scan } from "../shared/media.ts";
import type { FrameLook, PlaceLook } from "./fields.ts";

/**
 * How a film's pictures are scanned, by what its header says and by what its pictures show; where nothing moves, or what
 * they show is in doubt, the header is believed. Against the header most of the places that tell anything must agree, and
 * each be sure of it: a good film would be harmed. Where only some are, the film is `partly` so.
 */
export function judgeScan(told: Scan, places: PlaceLook[]): Scan {
  const telling = places.filter(({ all, sure }) => all === "whole" || (all !== null && sure));
  const matchable = places.filter(isMatchable);
  if (matchable.length > 0 && 2 * matchable.length > telling.length) {
    const order = orderOf(matchable.flatMap(({ all, phases }) => [all, ...phases]));
    return { ...told, kind: "telecined", seen: true, first: order ?? told.first };
  }
  const woven = telling.filter(({ all }) => all !== "whole");
  const order = orderOf(woven.map(({ all }) => all));
  if (told.kind === "interlaced") {
    const seen = places.some(({ all }) => all !== null);
    if (seen && places.every(({ all }) => all === null || all === "whole")) {
      return { ...told, kind: "told_interlaced", seen: true };
    }
    return { ...told, seen, first: order ?? told.first };
  }
  if (order !== null && 3 * woven.length > 2 * telling.length) {
    return { kind: "interlaced", first: order, seen: true };
  }
  return woven.length + matchable.length > 0 ? { ...told, partly: true } : told;
}

/**
 * Fields that were only paired with the wrong ones: all of them, or those of two or three frames in five, as in films
 * that became television. What has two fields by nature has them in every frame.
 */
function isMatchable({ all, sure, phases }: PlaceLook): boolean {
  if (!sure) return false;
  const isMispaired = (look: FrameLook) => look?.startsWith("mispaired") ?? false;
  if (isMispaired(all)) return true;
  const whole = phases.filter((look) => look === "whole").length;
  return whole >= 1 && whole <= 3 && !phases.includes(null) && phases.some(isMispaired);
}

/** Which field comes first at more than twice as many places as the other; null where that is not clear. */
function orderOf(votes: FrameLook[]): Scan["first"] {
  const top = votes.filter((vote) => vote?.endsWith("top") || vote === "top_first").length;
  const bottom = votes.filter((vote) => vote?.endsWith("bottom") || vote === "bottom_first").length;
  if (top > 2 * bottom) return "top";
  return bottom > 2 * top ? "bottom" : null;
}
