/**
 * What one frame of a film looks like beside the next: whole; woven from two fields in the order of time (the top or the
 * bottom one first); paired with the wrong field, as telecine does; null where too little moves to tell.
 */
export type FrameLook = "whole" | "top_first" | "bottom_first" | "mispaired_top" | "mispaired_bottom" | null;

/** `phases`: of every fifth frame, from the first five on; telecine repeats itself after so many. */
export type PlaceLook = { all: FrameLook; phases: FrameLook[] };

/**
 * Looks at frames that follow each other, as planes of brightness of `width` bytes a row: at all of them together, which
 * is surer than at each. Where something moves, a frame is combed as much as its rows are of different times. So its
 * own combing is compared with that of its fields woven with those of the next frame: those of a whole frame become
 * combed by that, whatever its picture; of two fields, the second lies as near to the next frame's first as to the
 * frame's own.
 */
export function lookAtFrames(frames: Uint8Array[], width: number): PlaceLook {
  const pairs = frames.slice(1).map((next, n) => combing(frames[n] ?? next, next, width));
  const phases = [0, 1, 2, 3, 4].map((phase) => lookOf(sumOf(pairs.filter((_, n) => n % 5 === phase))));
  return { all: lookOf(sumOf(pairs)), phases };
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

/** One of the three weaves stands out: the least combed is a whole picture, the most combed is of fields three steps apart. */
function lookOf({ moving, own, bottom_next, top_next }: Combing): FrameLook {
  const combed = [own, bottom_next, top_next].map((sum) => Math.log(Math.max(1, sum)));
  const [least = 0, middle = 0, most = 0] = combed.toSorted((a, b) => a - b);
  if (moving < LEAST_MOVING || most - least < LEAST_APART) return null;
  const top_first = bottom_next < top_next;
  if (middle - least < most - middle) {
    if (combed[0] === most) return null;
    return top_first ? "top_first" : "bottom_first";
  }
  if (combed[0] === least) return "whole";
  return top_first ? "mispaired_top" : "mispaired_bottom";
}

/** Found by trying test pictures, noise and fractals: whole, woven in both orders, and telecined. */
const LEAST_MOVING = 0.002;
const LEAST_APART = 0.05;
/** Steps of brightness below which nothing counts as moving: noise and compression. */
const MOVES = 12;

/** Plain numbers throughout: a film has some thirty million pixels to look at. */
function combing(frame: Uint8Array, next: Uint8Array, width: number): Combing {
  const rows = Math.floor(frame.length / width);
  let moving = 0;
  let own = 0;
  let top_next = 0;
  let bottom_next = 0;
  for (let y = 1; y < rows - 1; y += 1) {
    let forward = 0;
    let backward = 0;
    for (let at = y * width; at < (y + 1) * width; at += 1) {
      const here = frame[at] ?? 0;
      const then = next[at] ?? 0;
      const around = (frame[at - width] ?? 0) + (frame[at + width] ?? 0);
      const then_around = (next[at - width] ?? 0) + (next[at + width] ?? 0);
      if (Math.abs(here - then) < MOVES && Math.abs(around - then_around) < 2 * MOVES) continue;
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
