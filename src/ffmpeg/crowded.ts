import type { Measured } from "./measure.ts";
import { type Refusal, refusal } from "./refusal.ts";

type Track = Pick<Measured, "timelines" | "times"> & { index: number };

/**
 * Refuses a film of whose pictures many would be shown at one moment, because the source's clock goes back: files that were
 * glued from parts (`cat a.webm b.webm`, fragmented mp4), of which ffmpeg reads the second part at the first one's times.
 * `readSource` is asked only where the result is suspect.
 */
export async function refuseCrowded(of: {
  result: Track;
  readSource: () => Promise<Track | null>;
}): Promise<{ refusal: Refusal } | null> {
  const times_s = of.result.times.get(of.result.index) ?? new Float64Array();
  const crowded = countCrowded(times_s);
  if (crowded < LEAST || crowded < SHARE * times_s.length) return null;
  const source = await of.readSource();
  if ((source?.timelines.get(source.index)?.behind ?? 0) === 0) return null;
  const message = `The film's clock goes back: ${crowded} of its ${times_s.length} pictures would all be shown at one moment. It was glued from parts, whose times are the same; split it, and convert the parts.`;
  return refusal("permanent", "unsupported", message);
}

/** Pictures that are shown for nearly no time at all; in order, in seconds. */
export function countCrowded(times_s: Float64Array): number {
  return times_s.reduce(
    (sum, time_s, n) => sum + (n > 0 && time_s - (times_s[n - 1] ?? 0) < MOMENT_S ? 1 : 0),
    0,
  );
}

/** Muxers move pictures of one time by a tick of their clock; the fastest cameras take one in a millisecond. */
const MOMENT_S = 0.0005;
/** A few twins are the fault of whoever wrote the file, and nobody sees them. */
const LEAST = 10;
const SHARE = 0.05;
