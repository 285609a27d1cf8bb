import { fieldFilters } from "./args-fields.ts";
import type { VideoPlan } from "./plan-video.ts";

/** Before `-i`: what keeps ffmpeg from turning the pictures where filters do it. */
export function turning({ turn }: Pick<VideoPlan, "turn">): string[] {
  return turn.by_ffmpeg ? [] : ["-noautorotate"];
}

/** The filter that shows the first pictures when they are to be seen. */
export function leading(lead: VideoPlan["lead"]): string[] {
  if (lead === null) return [];
  const { until_s, by_s } = lead;
  return [`setpts='PTS+if(lt(T,${(until_s - HALF_S).toFixed(4)}),${by_s.toFixed(4)}/TB,0)'`];
}

/** Less than half of the shortest time that pictures take. */
const HALF_S = 0.002;

/** Filters that bring pictures, as the decoder gives them, upright. */
export function uprighting({ turn }: Pick<VideoPlan, "turn">): string[] {
  // What the pictures say of their turn is not true any more.
  return turn.by_ffmpeg ? [] : ["sidedata=mode=delete:type=DISPLAYMATRIX", ...turnUpright(turn)];
}

/** Filters on the CPU that come before the pictures are scaled. */
export function beforeScale(plan: VideoPlan): string[] {
  const { fields, turn } = plan;
  // Fields lie in the rows of the picture as it is stored.
  const filters = fieldFilters(fields);
  const upright = uprighting(plan);
  if (filters.length === 0 || !turn.by_ffmpeg) return [...filters, ...upright, ...cropping(plan)];
  return [...turnBack(turn), ...filters, ...turnUpright(turn), ...cropping(plan)];
}

/** What ffmpeg does not cut off by itself. */
export function cropping({ crop }: VideoPlan): string[] {
  if (crop === null) return [];
  const { left, top, right, bottom } = crop;
  return [`crop=iw-${left + right}:ih-${top + bottom}:${left}:${top}:exact=1`];
}

/**
 * Filters instead of a plain scaler, for pictures that change their size or shape on the way: ffmpeg builds the filters anew
 * where the size changes, but hands on only the first shape (since 7.1), so that this goes by the clock.
 */
export function fitting({ fit, inner, sample_aspect_ratio }: VideoPlan, options: string): string[] {
  if (fit === null) return [];
  const { width, height } = inner;
  const aspect = aspectAt(fit);
  const own = `${sample_aspect_ratio.num}/${sample_aspect_ratio.den}`;
  const fill = (side: number, exact: string) =>
    // What nearly fits does: rounding leaves no thin lines of black.
    `'st(0,2*round(${exact}/2));if(gt(ld(0),${side}*0.99),${side},ld(0))'`;
  const w = fill(width, `${height}*iw*(${aspect})/ih/(${own})`);
  const h = fill(height, `${width}*ih*(${own})/iw/(${aspect})`);
  return [
    `scale=w=${w}:h=${h}:eval=frame:${options}`,
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:eval=frame`,
  ];
}

function aspectAt({ aspects, start_s }: NonNullable<VideoPlan["fit"]>): string {
  const text = (n: number) => `${aspects[n]?.aspect.num}/${aspects[n]?.aspect.den}`;
  return aspects
    .map(({ from_s }, n) =>
      n === 0 ? text(0) : `gte(t,${(from_s - start_s).toFixed(4)})*(${text(n)}-${text(n - 1)})`,
    )
    .join("+");
}

/** The same for those who read a film by its file's own clock (-copyts). */
export function byOwnClock<P extends Pick<VideoPlan, "fit">>(video: P): P {
  return video.fit === null ? video : { ...video, fit: { ...video.fit, start_s: 0 } };
}

/** The added row and column are copies of those beside them, and the shape of pixels is told. */
export function afterScale(plan: VideoPlan): string[] {
  const { width, height, inner, sample_aspect_ratio } = plan;
  const right = width - inner.width;
  const bottom = height - inner.height;
  const padding =
    right === 0 && bottom === 0
      ? []
      : [`pad=${width}:${height}:0:0`, `fillborders=right=${right}:bottom=${bottom}:mode=smear`];
  const { num, den } = sample_aspect_ratio;
  return [...padding, num === den ? "setsar=1" : `setsar=${num}/${den}`];
}

type Turn = Pick<VideoPlan["turn"], "rotation" | "mirrored">;

/** `dir` of the filter transpose: 1 is a quarter with the clock, 2 against it. */
function turnUpright({ rotation, mirrored }: Turn): string[] {
  const turns: Record<number, string[]> = {
    90: ["transpose=1"],
    180: ["hflip", "vflip"],
    270: ["transpose=2"],
  };
  return [...(turns[rotation] ?? []), ...(mirrored ? ["hflip"] : [])];
}

function turnBack({ rotation, mirrored }: Turn): string[] {
  return [
    ...(mirrored ? ["hflip"] : []),
    ...turnUpright({ rotation: (360 - rotation) % 360, mirrored: false }),
  ];
}
