import type { Container } from "../shared/conversion.ts";
import type { MediaInfo, OtherStream, VideoStream } from "../shared/media.ts";

/** A picture that is kept as it is. `filename` and `mimetype` are what Matroska calls it. */
export type CoverPlan = {
  index: number;
  codec: string;
  width: number;
  height: number;
  filename: string;
  mimetype: string;
};

/** A file inside a Matroska file. */
export type AttachmentPlan = { index: number; filename: string; mimetype: string };

/** What is neither the film nor its sound or subtitles: cover pictures are kept, and files in Matroska; the rest is named. */
export function planExtras(
  media: MediaInfo,
  film: VideoStream,
  container: Container,
): { attachments: AttachmentPlan[]; covers: CoverPlan[]; notes: string[] } {
  const kept = media.other.filter(({ kind }) => container === "mkv" && kind === "attachment");
  const dropped = media.other.filter(
    (one) => !kept.includes(one) && !isListOfChapters(one, media) && !isTimecode(one, container),
  );
  const pictures = media.video.filter((one) => one.attached_picture);
  const held = pictures.filter(({ codec }) => COVERS[container].includes(codec));
  const films = media.video.filter((one) => one !== film && !one.attached_picture);
  return {
    attachments: kept.map(planAttachment),
    covers: held.map(planCover),
    notes: [
      ...(film.captions ? [CAPTIONS] : []),
      ...films.map(
        ({ index, codec, width, height }) =>
          `A further video track (${index}, ${codec}, ${width}x${height}) was left out: only the main one is converted.`,
      ),
      ...pictures
        .filter((one) => !held.includes(one))
        .map(({ codec }) => `A cover picture (${codec}) was left out: ${container} has no place for it.`),
      ...dropped.map(
        (one) =>
          `Track ${one.index} (${one.kind}, ${one.filename ?? one.codec}) was left out: ${container} has no place for it.`,
      ),
    ],
  };
}

const CAPTIONS =
  "The film holds closed captions inside its pictures; they stay where the encoder writes them, as x264 does, and else are named as lost.";

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

/** The Matroska muxer needs both, or makes no file at all. */
function planAttachment({ index, codec, filename, mimetype }: OtherStream): AttachmentPlan {
  const known = FONTS[codec];
  return {
    index,
    filename: filename ?? `attachment-${index}${known === undefined ? "" : `.${codec}`}`,
    mimetype: mimetype ?? known ?? "application/octet-stream",
  };
}

const FONTS: Record<string, string> = { ttf: "font/ttf", otf: "font/otf" };

/** ffmpeg reads the time out of such a track, and makes one of it in mp4. */
export function isTimecode({ tag }: OtherStream, container: Container): boolean {
  return container === "mp4" && tag === "tmcd";
}

/** QuickTime's chapters are a track of texts, too, which is made anew with them. */
export function isListOfChapters(
  { kind, tag }: OtherStream,
  { chapters }: Pick<MediaInfo, "chapters">,
): boolean {
  return kind === "data" && tag === "text" && chapters > 0;
}
