import { type Conversion, isLossless } from "../shared/conversion.ts";
import type { MediaInfo, PictureShape, Rational, VideoStream } from "../shared/media.ts";
import type { Shape } from "./plan-size.ts";

/**
 * How pictures of several shapes are brought into one: each as large as it fits, with black around it. `start_s` is
 * subtracted from the file's clock by whoever reads it; `aspects` are the shapes of upright pixels, in order.
 */
export type FitPlan = { start_s: number; aspects: { from_s: number; aspect: Rational }[] } | null;

export function planFit(of: { film: VideoStream; media: MediaInfo; conversion: Conversion }): FitPlan {
  const { film, media, conversion } = of;
  const { shapes } = film;
  if (shapes === undefined || (isLossless(conversion.codec) && areOneSize(shapes))) return null;
  const half_frame_s = 0.5 / (film.frame_rate ?? 25);
  const aspects = shapes.map(({ from_s, sample_aspect_ratio: { num, den } }) => ({
    from_s: from_s - half_frame_s,
    aspect: film.rotation % 180 === 0 ? { num, den } : { num: den, den: num },
  }));
  const is = (one?: { aspect: Rational }) => one && one.aspect.num / one.aspect.den;
  return { start_s: media.start_s, aspects: aspects.filter((one, n) => is(one) !== is(aspects[n - 1])) };
}

function areOneSize(shapes: { width: number; height: number }[]): boolean {
  return new Set(shapes.map(({ width, height }) => `${width}x${height}`)).size === 1;
}

/** What people should know before it is made. */
export function fitNotes({ shapes }: VideoStream, fit: FitPlan, { width, height }: Shape): string[] {
  if (shapes === undefined) return [];
  const kinds = [...new Set(shapes.map(nameOf))];
  const told = `The film's pictures change their shape on the way (${kinds.join(", ")})`;
  return fit === null
    ? [`${told}; each keeps its pixels, and all are shown as most of them are.`]
    : [
        `${told}; all become ${width}x${height}, each as large as it fits there, with black where it is narrower or wider.`,
      ];
}

function nameOf({ width, height, sample_aspect_ratio: { num, den } }: PictureShape): string {
  return `${width}x${height} with pixels of ${num}/${den}`;
}
