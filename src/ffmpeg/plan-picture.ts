import type { Crop, VideoStream } from "../shared/media.ts";
import { type Shape, turned } from "./plan-size.ts";

type Sides = Omit<Crop, "by_ffmpeg">;

/** What vc itself cuts off, of pictures that ffmpeg has turned upright; null where ffmpeg does it or nothing is to be cut. */
export function cropBySelf({ crop, rotation, mirrored }: VideoStream): Sides | null {
  if (crop === null || crop.by_ffmpeg) return null;
  const { left, top, right, bottom } = crop;
  const clockwise = [left, top, right, bottom];
  const quarters = rotation / 90;
  const side = (n: number) => clockwise[(n - quarters + 4) % 4] ?? 0;
  const upright = { left: side(0), top: side(1), right: side(2), bottom: side(3) };
  return mirrored ? { ...upright, left: upright.right, right: upright.left } : upright;
}

/**
 * What is done to the pictures between the CPU's decoder and the scaler that no GPU does, in words that follow a colon;
 * null for nothing.
 */
export function whyNotOnGpu(film: VideoStream): string | null {
  if (film.scan.kind !== "progressive") return "the film is interlaced, or says so";
  if (film.turned_in_pictures) return TURNED;
  if (film.shapes !== undefined) return CHANGING;
  return cropBySelf(film) === null ? null : CROPPED;
}

const TURNED = "the film is to be turned upright, which only the CPU does";
const CHANGING = "the film's pictures change their shape on the way, which only the CPU makes one";
const CROPPED = "the film is to be cropped, which only the CPU does";

/** What ffmpeg does to pictures that the CPU decoded, and cannot do to a GPU's; null for nothing. */
export function whyDecodedOnCpu(film: VideoStream): string | null {
  if (film.rotation !== 0) return TURNED;
  if (film.shapes !== undefined) return CHANGING;
  if (film.mirrored) return "the film is to be mirrored, which only the CPU does";
  return film.crop === null ? null : CROPPED;
}

/** What people should know about the picture's shape before it is made. */
export function shapeNotes(film: VideoStream, shape: Shape): string[] {
  const { num, den } = film.sample_aspect_ratio;
  const { width, height } = turned(film);
  const one_shape = film.shapes === undefined;
  const squared = one_shape && shape.sample_aspect_ratio.num === shape.sample_aspect_ratio.den && num !== den;
  return [
    ...film.oddities,
    ...(film.crop === null
      ? []
      : [
          `The picture was cropped from ${film.width}x${film.height} to ${width}x${height}, as the file says.`,
        ]),
    ...(squared
      ? [
          `The film's pixels are not square (${num}:${den}); its picture of ${width}x${height} became ${shape.width}x${shape.height} with square ones.`,
        ]
      : []),
    ...(shape.width > shape.inner.width || shape.height > shape.inner.height
      ? [
          `The picture of ${shape.inner.width}x${shape.inner.height} became ${shape.width}x${shape.height}, as codecs want even sizes: its last row or column stands twice.`,
        ]
      : []),
  ];
}
