import type { VideoStream } from "../shared/media.ts";
import { picturesPer } from "./plan-scan.ts";
import type { VideoPlan } from "./plan-video.ts";

/** What of a result's header would show its pictures in another shape than planned, in words; null if nothing. */
export function wrongShape(plan: VideoPlan, made: VideoStream): string | null {
  if (made.rotation !== 0 || made.mirrored || made.tilted !== null) {
    return "it asks players to turn its picture, which is upright already";
  }
  if (made.crop !== null) return "it asks players to crop its picture, which was cropped already";
  const { fields } = plan;
  const kept = fields?.how === "keep";
  if (made.interlaced && !kept) return "it tells players that its pictures are interlaced";
  if (kept && fields.coded && !made.interlaced)
    return "it does not tell players that its pictures are interlaced";
  const wanted = plan.sample_aspect_ratio.num / plan.sample_aspect_ratio.den;
  const { num, den } = made.sample_aspect_ratio;
  return Math.abs(num / den / wanted - 1) < 0.005 ? null : `it has pixels of ${num}:${den}`;
}

/** The film as its result is to be: of as many pictures as come out of its own. */
export function asPlanned(film: VideoStream, { fields }: VideoPlan): VideoStream {
  const per = picturesPer(fields);
  if (per === 1) return film;
  const times = (rate: number | null) => (rate === null ? null : rate * per);
  return {
    ...film,
    ...{ frames: times(film.frames), frame_rate: times(film.frame_rate) },
    base_frame_rate: times(film.base_frame_rate),
    exact_rate: film.exact_rate && { ...film.exact_rate, num: film.exact_rate.num * per },
  };
}

type Cover = Pick<VideoStream, "codec" | "width" | "height">;

/** Whether the covers of a result are those that were planned, in their order. */
export function isSame(made: Cover[], planned: Cover[]): boolean {
  const names = (covers: Cover[]) =>
    covers.map(({ codec, width, height }) => `${codec} ${width}x${height}`).join();
  return names(made) === names(planned);
}
