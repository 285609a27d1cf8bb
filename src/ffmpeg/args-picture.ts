import { fieldFilters } from "./args-fields.ts";
import type { VideoPlan } from "./plan-video.ts";

/** Before `-i`: what keeps ffmpeg from turning the pictures where filters do it. */
export function turning({ turn }: Pick<VideoPlan, "turn">): string[] {
  return turn.by_ffmpeg ? [] : ["-noautorotate"];
}

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
