import type { MediaInfo, VideoStream } from "../shared/media.ts";

/**
 * The film among a file's video tracks: not a cover, a still or a short clip beside it; of several films the one that is
 * marked as the default, then the largest picture, then the first. Undefined where there is none.
 */
export function mainFilm({ video }: MediaInfo): VideoStream | undefined {
  const films = video.filter((stream) => !stream.attached_picture);
  const known = films.filter(({ codec, width }) => codec !== "unknown" && width > 0);
  const moving = known.filter(({ still, frames }) => !still && frames !== 1);
  const longest_s = Math.max(0, ...moving.map(({ duration_s }) => duration_s ?? 0));
  const long = moving.filter(({ duration_s }) => duration_s === null || duration_s >= longest_s / 2);
  const first = [long, moving, known, films].find((list) => list.length > 0) ?? [];
  return first.toSorted(
    (a, b) => Number(b.default) - Number(a.default) || b.width * b.height - a.width * a.height,
  )[0];
}
