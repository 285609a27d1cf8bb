import type { Plan } from "../../ffmpeg/plan.ts";
import { chooseScoring } from "../../ffmpeg/quality-measure.ts";
import { tellScore } from "../../ffmpeg/quality-measures.ts";
import { samplePlaces } from "../../ffmpeg/quality-places.ts";
import { leastOf } from "../../ffmpeg/quality-score.ts";
import { MOST_TRIES } from "../../ffmpeg/quality-search.ts";
import type { Conversion } from "../../shared/conversion.ts";
import type { MediaInfo } from "../../shared/media.ts";
import { formatQuality } from "../../shared/quality.ts";

/** What would be searched for and scored, in one sentence each. */
export async function foreseeQuality(of: {
  ffmpeg_path: string;
  conversion: Conversion;
  plan: Plan;
  media: MediaInfo;
}): Promise<string[]> {
  const { plan, media, conversion } = of;
  const scoring = await chooseScoring(of);
  if (scoring === null) return [];
  if ("missing" in scoring) return [`The film would wait for another worker: ${scoring.missing}`];
  const { measure, wish, wanted, notes } = scoring;
  const { rate } = plan.video;
  const film = media.video.find(({ index }) => index === plan.video.index);
  const { at_s, length_s } = samplePlaces(film?.duration_s ?? media.duration_s);
  const samples = length_s === 0 ? "the whole film is" : `${at_s.length} samples of ${length_s} s are`;
  const least = wanted === null ? "" : ` (at least ${tellScore(measure, wanted)})`;
  const limit = tellScore(measure, leastOf({ plan, scoring }).mean);
  const end = conversion.verify === "measured" ? "refused" : "handed in with a note";
  return [
    ...notes,
    ...(wish === null || rate.kind !== "quality"
      ? []
      : [
          `For ${formatQuality(wish)} ${samples} encoded at up to ${MOST_TRIES} settings, to find this film's own${least}.`,
        ]),
    `The result is scored at random places; one that is below ${limit} is ${end}.`,
  ];
}
