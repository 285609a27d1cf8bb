import * as v from "valibot";

/** How pictures are compared: Netflix's VMAF (0 to 100), Fraunhofer's XPSNR (dB), structural similarity (0 to 1). */
export const MEASURES = ["vmaf", "xpsnr", "ssim"] as const;
export type Measure = (typeof MEASURES)[number];
const MeasureName = v.picklist(MEASURES);

/** What a film's result is to score, compared with its source. */
export const QualityWish = v.object({ measure: v.picklist(["vmaf", "ssim"]), score: v.number() });
export type QualityWish = v.InferOutput<typeof QualityWish>;

/** A number on x264's CRF scale, or what the result is to score. */
export const Quality = v.union([v.number(), QualityWish]);
export type Quality = v.InferOutput<typeof Quality>;

/** x264's own scale for 8 bits. */
const MOST_CRF = 51;

/** `23`, `vmaf 95` or `ssim 0.98`; null for anything else. */
export function parseQuality(text: string): Quality | null {
  const [, measure, digits = ""] = /^(?:(vmaf|ssim)\s+)?(\d+(?:\.\d+)?)$/i.exec(text.trim()) ?? [];
  const score = Number(digits);
  if (digits === "") return null;
  if (measure === undefined) return Number.isInteger(score) && score <= MOST_CRF ? score : null;
  // A perfect score is given to no lossy film, and not even to every copy.
  if (measure.toLowerCase() === "ssim") return score > 0 && score < 1 ? { measure: "ssim", score } : null;
  return score >= 1 && score < 100 ? { measure: "vmaf", score } : null;
}

/** As it stands in a configuration. */
export function formatQuality(quality: Quality): string {
  return typeof quality === "number" ? `${quality}` : `${quality.measure} ${quality.score}`;
}

const Finite = v.pipe(v.number(), v.finite());

/** How the setting of one film was found. Scores are means over samples that lie spread over the film. */
export const QualitySearch = v.object({
  /** As configured, such as `vmaf 95`; and what was looked for, by which measure. */
  wish: v.string(),
  measure: MeasureName,
  wanted: Finite,
  /** Where the samples begin, in seconds from the film's start, and how long each is; 0: the whole film. */
  places: v.array(Finite),
  sample_s: Finite,
  /** In their order: on x264's scale, as the encoder was told, and the bytes of all samples. */
  steps: v.array(v.object({ quality: Finite, setting: v.string(), size: Finite, score: Finite })),
  /** On x264's scale; `reached`: whether the samples scored as wished. */
  taken: Finite,
  reached: v.boolean(),
});
export type QualitySearch = v.InferOutput<typeof QualitySearch>;

/** What a finished result scored at random places. */
export const QualityScore = v.object({
  measure: MeasureName,
  score: Finite,
  worst: v.object({ at_s: Finite, score: Finite }),
  places: Finite,
  /** What it was to score at least; null where nothing was asked for. */
  wanted: v.nullable(Finite),
  met: v.boolean(),
});
export type QualityScore = v.InferOutput<typeof QualityScore>;
