import type { Scan } from "../shared/media.ts";
import type { FrameLook } from "./fields.ts";

/** What `lookAtFrames` said of one place of the film. */
export type PlaceLook = { all: FrameLook; each: FrameLook[] };

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

/** Fields that were only paired with the wrong ones: all of them, or two of five as in films that became television. */
function isMatchable({ all, each }: PlaceLook): boolean {
  if (all?.startsWith("mispaired")) return true;
  return [0, 1, 2, 3, 4].some((start) => {
    const at = (offset: number) => each.filter((_, n) => (n - start + 5 * each.length) % 5 === offset);
    const share = (looks: FrameLook[], wanted: (look: FrameLook) => boolean) =>
      looks.filter(wanted).length / Math.max(1, looks.length);
    const whole = share([...at(0), ...at(1)], (look) => look === "whole");
    const mispaired = share(at(3), (look) => look?.startsWith("mispaired") ?? false);
    return each.length >= LEAST_FRAMES && whole >= MOST && mispaired >= MOST;
  });
}

const LEAST_FRAMES = 10;
const MOST = 0.8;

/** Which field comes first at more than twice as many places as the other; null where that is not clear. */
function orderOf(votes: FrameLook[]): Scan["first"] {
  const top = votes.filter((vote) => vote?.endsWith("top") || vote === "top_first").length;
  const bottom = votes.filter((vote) => vote?.endsWith("bottom") || vote === "bottom_first").length;
  if (top > 2 * bottom) return "top";
  return bottom > 2 * top ? "bottom" : null;
}
