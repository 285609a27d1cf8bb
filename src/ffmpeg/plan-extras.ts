import type { Container } from "../shared/conversion.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";

/** What is neither the film nor its sound or subtitles: Matroska keeps fonts, mp4 cover pictures; the rest is named. */
export function planExtras(
  media: MediaInfo,
  film: VideoStream,
  container: Container,
): { attachments: number[]; covers: number[]; notes: string[] } {
  const kept = media.other.filter((one) => container === "mkv" && isAttachment(one));
  const dropped = media.other.filter((one) => !kept.includes(one));
  const pictures = media.video.filter((one) => one.attached_picture);
  const covers = pictures.filter((one) => container === "mp4" && COVERS.includes(one.codec));
  const films = media.video.filter((one) => one !== film && !one.attached_picture);
  return {
    attachments: kept.map((one) => one.index),
    covers: covers.map((one) => one.index),
    notes: [
      ...films.map((one) => `A further video track (${one.index}, ${one.codec}) was left out.`),
      ...(pictures.length > covers.length
        ? [`A cover picture was left out: ${container} has no place for it.`]
        : []),
      ...dropped.map(
        (one) =>
          `Track ${one.index} (${one.kind}, ${one.codec}) was left out: ${container} has no place for it.`,
      ),
    ],
  };
}

/** What ffmpeg's mp4 muxer takes as a cover; its Matroska muxer would make a film of it. */
const COVERS = ["mjpeg", "png", "bmp"];

/** The Matroska muxer needs a type for what it attaches, and knows only those of fonts by itself. */
function isAttachment(one: MediaInfo["other"][number]): boolean {
  return one.kind === "attachment" && (one.mimetype !== null || ["ttf", "otf"].includes(one.codec));
}
