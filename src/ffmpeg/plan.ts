import type { Capabilities } from "../shared/capabilities.ts";
import type { Container, Conversion } from "../shared/conversion.ts";
import type { FilmRules } from "../shared/film-rules.ts";
import type { Gpu, GpuUse, Rung } from "../shared/gpu.ts";
import type { PlanSummary } from "../shared/job.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";
import { type AudioPlan, planAudio } from "./plan-audio.ts";
import { refuseColor } from "./plan-color.ts";
import { type AttachmentPlan, type CoverPlan, planExtras } from "./plan-extras.ts";
import { mainFilm } from "./plan-film.ts";
import { joinNotes } from "./plan-joins.ts";
import { ladder, type Step } from "./plan-ladder.ts";
import { refuseLoss } from "./plan-replace.ts";
import { leaveAlone } from "./plan-rules.ts";
import { turned } from "./plan-size.ts";
import { type BesidePlan, filmContainer, planSubtitles, type SubtitlePlan } from "./plan-subtitles.ts";
import { planTags, type TagPlan } from "./plan-tags.ts";
import { planVideo, type VideoPlan } from "./plan-video.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { startAsRead } from "./start-as-read.ts";

/** Everything that is to be done to a film, so that arguments, verification and screens agree on it. */
export type Plan = {
  summary: PlanSummary;
  rung: Rung;
  /** The GPU that the rung uses. */
  gpu: Gpu | null;
  /** Whether Vulkan's validation layer watches it. */
  validation: boolean;
  container: Container;
  video: VideoPlan;
  audio: AudioPlan[];
  subtitles: SubtitlePlan[];
  /** Picture subtitles that become files beside the film. */
  beside: BesidePlan[];
  /** Files inside the film that are kept as they are, such as fonts of subtitles (Matroska only). */
  attachments: AttachmentPlan[];
  /** Cover pictures that are kept as they are. */
  covers: CoverPlan[];
  tags: TagPlan;
  /** The titles of the chapters, in their order. */
  chapters: (string | null)[];
  /** What could not be kept, one sentence each. */
  notes: string[];
};

/**
 * Decides how a film becomes what was asked for, on a machine that can do what its trials proved; or why not. The
 * ladder has at least one plan, the best first; each is worth trying when those before it failed.
 */
export function plan(of: {
  media: MediaInfo;
  conversion: Conversion;
  capabilities: Capabilities;
  gpu: GpuUse;
  rules?: FilmRules | undefined;
}): { ladder: Plan[] } | { refusal: Refusal } {
  const { media, capabilities } = of;
  const { container, notes: renamed } = filmContainer(media, of.conversion);
  const conversion: Conversion = { ...of.conversion, container };
  const film = mainFilm(media);
  const unfit = refuseSource(media, film, conversion);
  if (film === undefined || unfit !== null) return unfit ?? noVideo(media);
  const ruled = of.rules === undefined ? null : leaveAlone({ media, film, conversion, rules: of.rules });
  if (ruled !== null) return ruled;
  const climbed = ladder({ film, conversion, capabilities, gpu: of.gpu });
  if ("refusal" in climbed) return climbed;
  const audio = planAudio({ media, conversion, capabilities });
  if ("refusal" in audio) return audio;
  const lost = of.rules?.replaces === true ? refuseLoss({ media, film, audio: audio.tracks }) : null;
  if (lost !== null) return lost;
  const subtitles = planSubtitles(media, container, conversion.subtitles);
  const extras = planExtras(media, film, container);
  const { tags, notes: untold } = planTags(media, container);
  const indices = [film, ...audio.tracks, ...subtitles.tracks].map(({ index }) => index);
  const read = startAsRead(media, indices);
  const order = [...(media.parts === "ordered" ? [ORDERED] : []), ...joinNotes(media)];
  const notes = [...renamed, ...order, ...audio.notes, ...subtitles.notes, ...extras.notes, ...untold];
  return {
    ladder: climbed.steps.map((step): Plan => {
      const video = planVideo({ film, media: read, conversion, step });
      return {
        summary: summarize(step),
        ...{ rung: step.rung, gpu: step.gpu, validation: of.gpu.validation ?? false },
        ...{ container, video, audio: audio.tracks, subtitles: subtitles.tracks, beside: subtitles.beside },
        ...{ attachments: extras.attachments, covers: extras.covers, tags, chapters: media.chapter_titles },
        notes: [...step.notes, ...video.notes, ...notes],
      };
    }),
  };
}

function summarize({ rung, gpu, passed_over }: Step): PlanSummary {
  const { decode, filter, encoder, family } = rung;
  return { decode, filter, encoder, family, device: gpu?.name ?? null, passed_over };
}

function refuseSource(
  media: MediaInfo,
  film: VideoStream | undefined,
  conversion: Conversion,
): { refusal: Refusal } | null {
  if (film === undefined) return noVideo(media);
  if (film.codec === "unknown") {
    return refusal("permanent", "unsupported", "ffmpeg does not know the codec of the video track.");
  }
  if (film.tilted !== null) {
    const message = `The file wants its picture turned by ${film.tilted} degrees, of which every player makes something else; only quarters can be kept. Put the turn in its header right.`;
    return refusal("permanent", "unsupported", message);
  }
  if (media.parts === "elsewhere") return refusal("permanent", "unsupported", ELSEWHERE);
  const colors = refuseColor(film, conversion);
  if (colors !== null) return colors;
  const shown = turned(film);
  if (shown.width > 0 && shown.height > 0) return null;
  return refusal(
    "permanent",
    "source_damaged",
    `The ${film.codec} track has no picture that can be decoded, or one above 8192x8192; the file is damaged or hostile.`,
  );
}

const ELSEWHERE =
  "Parts of the film lie in other files: its chapters name them by their UIDs (segment linking), and a result would be without them. Join the files into one, then convert that.";
const ORDERED =
  "The file's chapters tell players to show its parts in another order, or not all of them; the result shows everything, as it lies in the file.";

function noVideo(media: MediaInfo): { refusal: Refusal } {
  const only = media.audio.length > 0 ? "The file holds only sound" : "The file holds no film";
  const cover = media.video.length > 0 ? " and a cover picture" : "";
  return refusal("skipped", "no_video", `${only}${cover}.`);
}
