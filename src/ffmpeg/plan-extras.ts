import type { Container } from "../shared/conversion.ts";
import type { MediaInfo, VideoStream } from "../shared/media.ts";

/** A picture that is kept as it is. `filename` and `mimetype` are what Matroska calls it. */
export type CoverPlan = {
  index: number;
  codec: string;
  width: number;
  height: number;
  filename: string;
  mimetype: string;
};

/** What is neither the film nor its sound or subtitles: cover pictures are kept, and fonts in Matroska; the rest is named. */
export function planExtras(
  media: MediaInfo,
  film: VideoStream,
  container: Container,
): { attachments: number[]; covers: CoverPlan[]; notes: string[] } {
  const kept = media.other.filter((one) => container === "mkv" && isAttachment(one));
  const dropped = media.other.filter((one) => !kept.includes(one));
  const pictures = media.video.filter((one) => one.attached_picture);
  const held = pictures.filter(({ codec }) => COVERS[container].includes(codec));
  const films = media.video.filter((one) => one !== film && !one.attached_picture);
  return {
    attachments: kept.map((one) => one.index),
    covers: held.map(planCover),
    notes: [
      ...films.map(
        ({ index, codec, width, height }) =>
          `A further video track (${index}, ${codec}, ${width}x${height}) was left out: only the main one is converted.`,
      ),
      ...pictures
        .filter((one) => !held.includes(one))
        .map(({ codec }) => `A cover picture (${codec}) was left out: ${container} has no place for it.`),
      ...dropped.map(
        (one) =>
          `Track ${one.index} (${one.kind}, ${one.codec}) was left out: ${container} has no place for it.`,
      ),
    ],
  };
}

/** What ffmpeg's mp4 muxer takes as a cover; and what it finds again among Matroska's attachments. */
const COVERS: Record<Container, string[]> = {
  mp4: ["mjpeg", "png", "bmp"],
  mkv: ["mjpeg", "png", "bmp", "gif", "webp", "tiff"],
};

const COVER_KINDS: Record<string, { mimetype: string; extension: string }> = {
  mjpeg: { mimetype: "image/jpeg", extension: "jpg" },
  tiff: { mimetype: "image/tiff", extension: "tif" },
};

/** Matroska's own convention: players look for an attachment called cover. */
function planCover({ index, codec, width, height, filename, mimetype }: VideoStream, n: number): CoverPlan {
  const kind = COVER_KINDS[codec] ?? { mimetype: `image/${codec}`, extension: codec };
  const number = n === 0 ? "" : `_${n + 1}`;
  return {
    ...{ index, codec, width, height },
    filename: filename ?? `cover${number}.${kind.extension}`,
    mimetype: mimetype ?? kind.mimetype,
  };
}

/** The Matroska muxer needs a type for what it attaches, and knows only those of fonts by itself. */
function isAttachment(one: MediaInfo["other"][number]): boolean {
  return one.kind === "attachment" && (one.mimetype !== null || ["ttf", "otf"].includes(one.codec));
}
