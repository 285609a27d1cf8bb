/** Gathers times in seconds, as they come; of more than any film has, none. */
export function createTimes(): { add(time_s: number): void; result(): Float64Array } {
  let times_s = new Float64Array(1024);
  let count = 0;
  return {
    add(time_s) {
      if (count === times_s.length && count < MOST) {
        const larger = new Float64Array(2 * count);
        larger.set(times_s);
        times_s = larger;
      }
      if (count < times_s.length) times_s[count] = time_s;
      count += 1;
    },
    result: () => (count > times_s.length ? new Float64Array() : times_s.slice(0, count).sort()),
  };
}

/** 10 hours of 120 frames a second; 32 MB. */
const MOST = 4_194_304;

/**
 * The first time in a result at which no frame of the source stands; null if there is none. All times in seconds and
 * in order. The two films may begin at different times. Frames may be missing in the result: others count those. Nothing is
 * said of a source with several frames at one time: no film can hold that, so muxers move them.
 */
export function misplacedFrame(of: {
  source: Float64Array;
  result: Float64Array;
  /** By how much the result is expected to be earlier, from which its first frame tells exactly. */
  start_s: number;
  /** 2 where between each two frames of the source another one stands. */
  per: number;
}): number | null {
  const expected = of.per === 2 ? withMiddles(of.source) : of.source;
  const [first] = of.result;
  if (first === undefined || expected.length === 0 || hasTwins(of.source)) return null;
  const wrong = nearest(expected, first + of.start_s).map((begin_s) =>
    firstWrong({ expected, result: of.result, shift_s: first - begin_s }),
  );
  return wrong.includes(null) ? null : (wrong[0] ?? null);
}

/** Matroska counts milliseconds, in the source and in the result; the first frame's own rounding comes on top. */
const TOLERANCE_S = 0.0016;
/** Muxers move a whole file by the frame or less that its sound begins before it. */
const BEGINNINGS = 3;

/** The times nearest to one, the nearest first. */
function nearest(sorted: Float64Array, wanted: number): number[] {
  const after = sorted.findIndex((one) => one >= wanted);
  const at = after === -1 ? sorted.length : after;
  const around = [...sorted.subarray(Math.max(0, at - BEGINNINGS), at + BEGINNINGS)];
  return around.toSorted((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted)).slice(0, BEGINNINGS);
}

function firstWrong(of: { expected: Float64Array; result: Float64Array; shift_s: number }): number | null {
  let at = 0;
  for (const time_s of of.result) {
    const wanted = time_s - of.shift_s;
    while ((of.expected[at] ?? Number.POSITIVE_INFINITY) < wanted - TOLERANCE_S) at += 1;
    const found = of.expected[at];
    if (found === undefined || found > wanted + TOLERANCE_S) return time_s;
    at += 1;
  }
  return null;
}

function hasTwins(times_s: Float64Array): boolean {
  return times_s.some((time_s, n) => n > 0 && time_s === times_s[n - 1]);
}

function withMiddles(times_s: Float64Array): Float64Array {
  const doubled = new Float64Array(2 * times_s.length);
  times_s.forEach((time_s, n) => {
    const next_s = times_s[n + 1] ?? 2 * time_s - (times_s[n - 1] ?? time_s);
    doubled[2 * n] = time_s;
    doubled[2 * n + 1] = (time_s + next_s) / 2;
  });
  return doubled;
}
