/**
 * What one frame of a film looks like beside the next: whole; woven from two fields in the order of time (the top or the
 * bottom one first); paired with the wrong field, as telecine does; null where too little moves to tell.
 */
export type FrameLook = "whole" | "top_first" | "bottom_first" | "mispaired_top" | "mispaired_bottom" | null;

/**
 * `all`: of all frames together, null also where it could be either. `sure`: so many frames agree on which field comes
 * first that it is no chance. `phases`: of every fifth frame, from the first five on; telecine repeats itself after so many.
 */
export type PlaceLook = { all: FrameLook; sure: boolean; phases: FrameLook[] };

/**
 * Looks at frames that follow each other, as planes of brightness of `width` bytes a row: at all of them together, which
 * is surer than at each. Where something moves, a frame is combed as much as its rows are of different times. So its
 * own combing is compared with that of its fields woven with those of the next frame: those of a whole frame become
 * combed by that, whatever its picture; of two fields, the second lies as near to the next frame's first as to the
 * frame's own.
 */
export function lookAtFrames(frames: Uint8Array[], width: number): PlaceLook {
  const pairs = combings(frames, width, isClear);
  const phases = [0, 1, 2, 3, 4].map((phase) => pairs.filter((_, n) => n % 5 === phase));
  const all = lookOf(sumOf(pairs), CLEARLY);
  const soft = all === null ? softLook(combings(frames, width, isSoft)) : null;
  return {
    all: all ?? soft,
    sure: soft !== null || agreement(pairs) > AGREED,
    phases: phases.map((every) => lookOf(sumOf(every), RATHER)),
  };
}

function combings(frames: Uint8Array[], width: number, counts: Counts): Combing[] {
  return evened(frames.slice(1).map((next, n) => combing(frames[n] ?? next, next, width, counts)));
}

/** A flash or a cut between two fields would outweigh all other frames. */
function evened(pairs: Combing[]): Combing[] {
  const weightOf = ({ own, bottom_next, top_next }: Combing) => own + bottom_next + top_next;
  const weights = pairs.map(weightOf).filter((weight) => weight > 0);
  const middle = weights.sort((a, b) => a - b)[Math.floor(weights.length / 2)] ?? 0;
  return pairs.map((pair) => {
    const share = Math.min(1, (MOST_WEIGHT * middle) / Math.max(1, weightOf(pair)));
    const [own, bottom_next, top_next] = [pair.own, pair.bottom_next, pair.top_next].map(
      (sum) => sum * share,
    ) as [number, number, number];
    return { moving: pair.moving, own, bottom_next, top_next };
  });
}

/** Of one frame, beside the middle one. */
const MOST_WEIGHT = 1.5;

/**
 * How far the frames agree on which field is nearer to the next frame's: about 1 where it is chance, the square root of
 * their number where all agree alike. A frame counts by how much it tells.
 */
function agreement(pairs: Combing[]): number {
  const apart = pairs.map(({ bottom_next, top_next }) => bottom_next - top_next);
  const sum = apart.reduce((total, one) => total + one, 0);
  const squares = apart.reduce((total, one) => total + one * one, 0);
  return squares === 0 ? 0 : Math.abs(sum) / Math.sqrt(squares);
}

function sumOf(pairs: Combing[]): Combing {
  const sum = { moving: 0, own: 0, bottom_next: 0, top_next: 0 };
  for (const { moving, own, bottom_next, top_next } of pairs) {
    sum.moving += moving / pairs.length;
    sum.own += own;
    sum.bottom_next += bottom_next;
    sum.top_next += top_next;
  }
  return sum;
}

/** Combing of moving pixels: of the frame, of its bottom rows with the next top ones, of its top with the next bottom ones. */
type Combing = { moving: number; own: number; bottom_next: number; top_next: number };

/**
 * One of the three weaves stands out: the least combed is a whole picture, the most combed is of fields three steps apart.
 * How far it stands out is counted in how far the two weaves with the next frame lie apart.
 */
function lookOf(sum: Combing, { woven, whole, least_whole }: typeof CLEARLY): FrameLook {
  const { own, bottom_next, top_next, nearer, apart, first } = weaves(sum);
  const [least, most] = [Math.min(own, nearer), Math.max(own, bottom_next, top_next)];
  if (sum.moving < LEAST_MOVING || most - least < LEAST_APART) return null;
  if (own === least) {
    if (nearer - own > whole * apart + least_whole) return "whole";
    return nearer - own < woven * apart ? `${first}_first` : null;
  }
  if (own === most) return apart > most - Math.max(bottom_next, top_next) ? `mispaired_${first}` : null;
  return own - least < most - own ? `${first}_first` : `mispaired_${first}`;
}

/**
 * Light that moves softly shows fields in steps so small that compression and noise blur them: what is woven keeps
 * little more than one weave nearer than the other, but in all frames. Never says that a film is whole.
 */
function softLook(pairs: Combing[]): FrameLook {
  const sum = sumOf(pairs);
  const { own, nearer, apart, first } = weaves(sum);
  const agreed = Math.max(AGREED, SOFTLY.agreed * Math.sqrt(pairs.length));
  if (sum.moving < LEAST_MOVING || agreement(pairs) <= agreed) return null;
  return apart > SOFTLY.apart && nearer - own < SOFTLY.woven * apart ? `${first}_first` : null;
}

/** In logarithms: how far they stand apart does not depend on how much moves. `first`: the field of the nearer weave. */
function weaves(sum: Combing) {
  const [own, bottom_next, top_next] = [sum.own, sum.bottom_next, sum.top_next].map((one) =>
    Math.log(Math.max(1, one)),
  ) as [number, number, number];
  const first: "top" | "bottom" = bottom_next < top_next ? "top" : "bottom";
  const [nearer, apart] = [Math.min(bottom_next, top_next), Math.abs(bottom_next - top_next)];
  return { own, bottom_next, top_next, nearer, apart, first };
}

/**
 * Found with 1400 clips of ffmpeg's sources (patterns, fractals, automata, noise, lines that jump, scrolling, pans, cuts)
 * of 32x32 to 1920x1080, 0.2 to 10 s long, in nine codecs. Of 1001 whole ones that say nothing, 3 are taken for interlaced
 * (a sharp pattern that scrolls by exactly two rows a frame), where 37 were before frames had to agree and level edges
 * counted; of woven ones that say nothing and move, those stay that are blurred by much compression. The weaves of
 * whole pictures lie apart, too, by chance or where things rise, but at most by half of what `own` is below them; those
 * of woven ones by more than that, all frames agreeing: 25 of them by 4.2 and more, 100 by up to 10. That was before frames
 * were evened; the beginnings of 200 whole ones were looked at again after it, and none taken.
 */
const LEAST_MOVING = 0.002;
const LEAST_APART = 0.05;
const CLEARLY = { woven: 1.2, whole: 2, least_whole: 0.1 };
const RATHER = { woven: 1, whole: 1, least_whole: 0 };
const AGREED = 3;
/**
 * With 322 clips of the same sources: of 122 whole ones in which nothing moves clearly none is near (where their weaves lie
 * apart by more than 0.02, frames agree to 0.6 at most); of such woven ones, ffmpeg's testsrc and gradients are found.
 */
const SOFTLY = { agreed: 0.9, apart: 0.04, woven: 8 };
/** Steps of brightness below which nothing counts as moving clearly: noise and compression. */
const MOVES = 12;
const MOVES_SOFTLY = 3;

/** Whether a pixel counts, which has moved by so many half steps of brightness. */
type Counts = (moved: number, frame: Uint8Array, next: Uint8Array, at: number, width: number) => boolean;

const isClear: Counts = (moved, frame, next, at, width) =>
  moved >= 2 * MOVES && !isAmbiguous(frame, next, at, 2 * width);

const isSoft: Counts = (moved) => moved >= 2 * MOVES_SOFTLY && moved < 2 * MOVES;

/** Plain numbers throughout: a film has some thirty million pixels to look at. */
function combing(frame: Uint8Array, next: Uint8Array, width: number, counts: Counts): Combing {
  const rows = Math.floor(frame.length / width);
  let moving = 0;
  let own = 0;
  let top_next = 0;
  let bottom_next = 0;
  for (let y = 1; y < rows - 1; y += 1) {
    let forward = 0;
    let backward = 0;
    for (let at = y * width + 1; at < (y + 1) * width - 1; at += 1) {
      const here = frame[at] ?? 0;
      const then = next[at] ?? 0;
      const around = (frame[at - width] ?? 0) + (frame[at + width] ?? 0);
      const then_around = (next[at - width] ?? 0) + (next[at + width] ?? 0);
      const moved = Math.max(2 * Math.abs(here - then), Math.abs(around - then_around));
      if (!counts(moved, frame, next, at, width)) continue;
      moving += 1;
      own += Math.abs(2 * here - around);
      // This row with the other rows of the next frame, and the next frame's row with the other rows of this one.
      forward += Math.abs(2 * here - then_around);
      backward += Math.abs(2 * then - around);
    }
    const is_top = y % 2 === 0;
    top_next += is_top ? forward : backward;
    bottom_next += is_top ? backward : forward;
  }
  return { moving: moving / Math.max(1, frame.length), own, bottom_next, top_next };
}

/**
 * A level edge that rises or falls by two rows a frame is the same whether it was taken whole or by fields: it tells
 * nothing. So is one that meets an upright edge, where the next frame shows all of it two rows away.
 */
function isAmbiguous(frame: Uint8Array, next: Uint8Array, at: number, two_rows: number): boolean {
  if (!differ(frame, at - 1, frame, at + 1) && !differ(next, at - 1, next, at + 1)) return true;
  if (!isBesideLevel(frame, at) || !isBesideLevel(next, at)) return false;
  const risen = !differ(next, at, frame, at + two_rows) && !differ(frame, at, next, at - two_rows);
  return risen || (!differ(next, at, frame, at - two_rows) && !differ(frame, at, next, at + two_rows));
}

function isBesideLevel(frame: Uint8Array, at: number): boolean {
  return !differ(frame, at, frame, at - 1) || !differ(frame, at, frame, at + 1);
}

function differ(a: Uint8Array, at: number, b: Uint8Array, there: number): boolean {
  return Math.abs((a[at] ?? 0) - (b[there] ?? 0)) >= MOVES;
}
