import type { Conversion } from "../shared/conversion.ts";
import type { FilmRules } from "../shared/film-rules.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { isToneMapped } from "./plan-color.ts";
import { wantedDepths } from "./plan-encoder.ts";
import { estimatedBitRate } from "./plan-rate.ts";
import { changesFields, planFields } from "./plan-scan.ts";
import { isLargerThan } from "./plan-size.ts";
import { type Refusal, refusal } from "./refusal.ts";

/** Why the rules leave a film alone, as far as a probe tells; null where they do not. What is not known fits no rule. */
export function leaveAlone(of: {
  media: MediaInfo;
  film: VideoStream;
  conversion: Conversion;
  rules: FilmRules;
}): { refusal: Refusal } | null {
  const { media, rules } = of;
  const length_s = media.duration_s;
  if (length_s !== null && length_s * 1000 < rules.skip_shorter_than) {
    const limit_s = rules.skip_shorter_than / 1000;
    const message = `Left alone: the film is ${round(length_s)} s long, and rules.skip_shorter_than is ${limit_s} s.`;
    return refusal("skipped", "too_short", message);
  }
  return rules.skip_converted ? alreadyConverted(of) : null;
}

/** A film that everything would be done to again for nothing: not one whose pictures would look otherwise. */
function alreadyConverted({
  media,
  film,
  conversion,
  rules,
}: Parameters<typeof leaveAlone>[0]): { refusal: Refusal } | null {
  const fits = !isLargerThan(film, conversion.target_resolution);
  const [bit_depth] = wantedDepths(film, conversion);
  // What is to be deinterlaced looks the same with any encoder.
  const fields = changesFields(planFields(film, conversion, film.codec));
  const other = fields || film.bit_depth > bit_depth || isToneMapped(film, conversion, bit_depth);
  const limit = rules.skip_converted_bitrate ?? conversion.bitrate;
  const bit_rate = film.bit_rate ?? estimatedBitRate(media);
  const frugal = limit === null || (bit_rate !== null && bit_rate <= limit);
  if (film.codec !== conversion.codec || !fits || !frugal || other) return null;
  const rate = bit_rate === null ? "" : `, ${Math.round(bit_rate / 1000)} kbit/s`;
  const is = `${film.codec}, ${film.width}x${film.height}${rate}`;
  const message = `Left alone: it is what the settings ask for already (${is}; rules.skip_converted).`;
  return refusal("skipped", "already_converted", message);
}

/** Bytes from which on a result is not smaller than rules.max_size_ratio asks for; null: any size is kept. */
export function tooLargeFrom({ media, rules }: { media: MediaInfo; rules: FilmRules }): number | null {
  return rules.max_size_ratio === null ? null : Math.ceil(rules.max_size_ratio * media.size_bytes);
}

/** `size` is what was reached; `ended`: of the whole film, else of a part of it. */
export function notSmaller(of: { media: MediaInfo; rules: FilmRules; size: number; ended: boolean }): {
  refusal: Refusal;
} {
  const { media, rules, size, ended } = of;
  const share = media.size_bytes === 0 ? 0 : Math.round((100 * size) / media.size_bytes);
  const reached = ended ? "would be" : "was not finished and had reached";
  const message = `Left alone: the result ${reached} ${share}% of its source's size (rules.max_size_ratio: ${rules.max_size_ratio}).`;
  return refusal("skipped", "not_smaller", message);
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
