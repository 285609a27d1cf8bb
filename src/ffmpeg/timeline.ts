/** What the packets of one stream say, in seconds; `largest_gap_s` lies between two neighbours in showing order. */
export type Timeline = {
  packets: number;
  first_s: number | null;
  last_s: number | null;
  /** Where the last packet ends: its time and its duration. */
  end_s: number | null;
  largest_gap_s: number;
  largest_gap_at_s: number | null;
  /** Times between the end of a packet and the next one, added up; for sound, whose packets stand in order. */
  bare_s: number;
  /** How long all packets last together, whatever their times are. */
  lasts_s: number;
  /** Packets that begin while one before them is still shown; for texts. */
  meanwhile: number;
  /** Packets whose time lies more than a second before one of much earlier in the file. */
  behind: number;
};

export const EMPTY_TIMELINE: Timeline = {
  packets: 0,
  first_s: null,
  last_s: null,
  end_s: null,
  largest_gap_s: 0,
  largest_gap_at_s: null,
  bare_s: 0,
  lasts_s: 0,
  meanwhile: 0,
  behind: 0,
};

/** Takes packets in the order of the file and remembers only a few, however long the film is. */
export function createTimeline(): { add(pts_s: number, duration_s: number): void; result(): Timeline } {
  const waiting: number[] = [];
  const seen: Timeline = { ...EMPTY_TIMELINE };
  let filled_s: number | null = null;
  const bare = createBare();
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) return;
    const gap = seen.last_s === null ? 0 : next - seen.last_s;
    if (gap > seen.largest_gap_s) Object.assign(seen, { largest_gap_s: gap, largest_gap_at_s: seen.last_s });
    seen.first_s ??= next;
    seen.last_s = Math.max(seen.last_s ?? next, next);
  };
  return {
    add(pts_s, duration_s) {
      seen.packets += 1;
      seen.lasts_s += duration_s;
      if (seen.last_s !== null && seen.last_s - pts_s > BEHIND_S) seen.behind += 1;
      if (seen.end_s !== null && seen.end_s - pts_s > TOUCHING_S) seen.meanwhile += 1;
      seen.end_s = Math.max(seen.end_s ?? 0, pts_s + duration_s);
      if (filled_s !== null && pts_s - filled_s > ROUNDING_S) bare.add(pts_s, pts_s - filled_s);
      filled_s = Math.max(filled_s ?? pts_s, pts_s + (duration_s || UNTOLD_S));
      waiting.splice(placeFor(waiting, pts_s), 0, pts_s);
      if (waiting.length > REORDER_DEPTH) release();
    },
    result() {
      while (waiting.length > 0) release();
      return { ...seen, bare_s: bare.result() };
    },
  };
}

/** Containers round to a millisecond; the shortest packets in use last ten. */
const ROUNDING_S = 0.008;
/** A text that follows another one often begins a frame or so before that ends; nobody sees it. */
const TOUCHING_S = 0.1;
const BEHIND_S = 1;
/** How long a packet may last that does not say it. */
const UNTOLD_S = 0.25;
/** Encoders store frames at most 16 places away from where they are shown (H.264, table A-1). */
const REORDER_DEPTH = 32;

function placeFor(sorted: number[], value: number): number {
  const after = sorted.findLastIndex((one) => one <= value);
  return after + 1;
}

/**
 * Adds up gaps, but for those that are all the same share of the time between them: no damage is so regular. Where the
 * sampling rate changes on the way, packets are said to last as long as before, and gaps of this kind are the rest.
 */
function createBare() {
  let sum_s = 0;
  let alike = { count: 0, sum_s: 0, at_s: 0, share: 0 };
  return {
    add(at_s: number, gap_s: number) {
      const share = gap_s / (at_s - alike.at_s);
      const again = alike.count === 1 || Math.abs(share - alike.share) < SAME * share;
      if (again) {
        alike = { count: alike.count + 1, sum_s: alike.sum_s + gap_s, at_s, share };
        return;
      }
      // The first of a row may be of another kind: it counts in any case.
      sum_s += gap_s + (alike.count < REGULAR ? alike.sum_s : 0);
      alike = { count: 1, sum_s: 0, at_s, share };
    },
    result: () => (alike.count < REGULAR ? sum_s + alike.sum_s : sum_s),
  };
}

const REGULAR = 5;
/** Times are rounded to 1/90000 s, in some files to milliseconds. */
const SAME = 0.04;
