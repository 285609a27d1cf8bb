import type { Scan } from "../shared/media.ts";
import type { FrameLook, PlaceLook } from "./fields.ts";

/**
 * How a film's pictures are scanned, by what its header says and by what its pictures show; where nothing moves, the header
 * is believed. Against the header most of the places that tell anything must agree, or a film would be harmed.
 */
export function judgeScan(told: Scan, places: PlaceLook[]): Scan {
  const votes = places.flatMap(({ all }) => (all === null ? [] : [all]));
  if (votes.length === 0) return told;
  if (2 * places.filter(isMatchable).length > votes.length) {
    return { ...told, kind: "telecined", seen: true, first: orderOf(votes) ?? told.first };
  }
  const woven = votes.filter((vote) => vote !== "whole").length;
  const order = orderOf(votes);
  if (told.kind === "interlaced") {
    if (woven === 0) return { ...told, kind: "told_interlaced", seen: true };
    return { ...told, seen: true, first: order ?? told.first };
  }
  const sure = order !== null && 3 * woven > 2 * votes.length;
  return sure ? { kind: "interlaced", first: order, seen: true } : told;
}

/**
 * Fields that were only paired with the wrong ones: all of them, or those of two or three frames in five, as in films
 * that became television. What has two fields by nature has them in every frame.
 */
function isMatchable({ all, phases }: PlaceLook): boolean {
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
