import type { VideoStream } from "../shared/media.ts";
import type { VideoPlan } from "./plan-video.ts";

/** What of a result's header would show its pictures in another shape than planned, in words that follow "it"; null if nothing. */
export function wrongShape(plan: VideoPlan, made: VideoStream): string | null {
  if (made.rotation !== 0 || made.mirrored || made.tilted !== null) {
    return "asks players to turn its picture, which is upright already";
  }
  if (made.crop !== null) return "asks players to crop its picture, which was cropped already";
  const wanted = plan.sample_aspect_ratio.num / plan.sample_aspect_ratio.den;
  const { num, den } = made.sample_aspect_ratio;
  return Math.abs(num / den / wanted - 1) < 0.005 ? null : `has pixels of ${num}:${den}`;
}
