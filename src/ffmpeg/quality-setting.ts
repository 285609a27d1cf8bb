import { encoding } from "./args-video.ts";
import type { Plan } from "./plan.ts";

/** The same plan with another quality, on x264's scale; a ceiling stays. */
export function withQuality(plan: Plan, quality: number): Plan {
  const { rate } = plan.video;
  return rate.kind === "quality" ? { ...plan, video: { ...plan.video, rate: { ...rate, quality } } } : plan;
}

/** What the encoder is told of its quality, on its own scale, such as `crf 28`. */
export function settingOf({ video }: Plan): string {
  const options = encoding(video);
  const at = options.findIndex((option) => OPTIONS.test(option));
  return at === -1 ? "" : `${(options[at] ?? "").replace(/^-|:.*$/g, "")} ${options[at + 1]}`;
}

const OPTIONS = /^-(?:crf|cq|qp|qp_i|global_quality:v|q:v)$/;
