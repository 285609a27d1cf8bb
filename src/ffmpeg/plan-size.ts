import type { VideoStream } from "../shared/media.ts";

/** Pixels. */
export type Size = { width: number; height: number };

/**
 * The size after rotation and with square pixels, fitted into the box without ever being enlarged; even, as 4:2:0
 * wants it. The box is turned for upright films: 1920x1080 is 1080x1920 for them.
 */
export function outputSize(film: VideoStream, box: Size | null): Size {
  const shown = shownSize(film);
  const upright = shown.height > shown.width;
  const fit =
    box !== null && upright !== box.height > box.width ? { width: box.height, height: box.width } : box;
  const factor = fit === null ? 1 : Math.min(1, fit.width / shown.width, fit.height / shown.height);
  return nearest(shown, { width: shown.width * factor, height: shown.height * factor }, fit);
}

/** Of the even sizes around `exact`, within the box and the film itself, the one whose aspect is nearest to the film's. */
function nearest(shown: Size, exact: Size, fit: Size | null): Size {
  const widths = evens(exact.width, Math.min(shown.width, fit?.width ?? shown.width));
  const heights = evens(exact.height, Math.min(shown.height, fit?.height ?? shown.height));
  const error = ({ width, height }: Size) =>
    Math.abs(Math.log((width * shown.height) / (height * shown.width)));
  const sizes = widths.flatMap((width) => heights.map((height) => ({ width, height })));
  return sizes.reduce((best, size) => (error(size) < error(best) ? size : best));
}

/** Non-square pixels are widened or heightened, never squeezed: no detail is lost. */
function shownSize(film: VideoStream): { width: number; height: number } {
  const { num, den } = film.sample_aspect_ratio;
  const aspect = num / den;
  const sane = aspect >= 0.1 && aspect <= 10 ? aspect : 1;
  const width = film.width * Math.max(1, sane);
  const height = film.height * Math.max(1, 1 / sane);
  return film.rotation % 180 === 0 ? { width, height } : { width: height, height: width };
}

/** The even numbers next to this one, the smaller first; the larger only up to `most`. */
function evens(pixels: number, most: number): number[] {
  const below = Math.max(2, 2 * Math.floor(Math.round(pixels * 100) / 200));
  const isExact = Math.abs(pixels - below) < 0.01;
  return isExact || below + 2 > most ? [below] : [below, below + 2];
}

/** Whether the pictures change their size, other than by being turned upright. */
export function isScaled(film: VideoStream, size: Size): boolean {
  const upright = turned(film);
  return upright.width !== size.width || upright.height !== size.height;
}

/** The size in which the film is stored, after it has been turned upright. */
export function turned({ width, height, rotation }: VideoStream): Size {
  return rotation % 180 === 0 ? { width, height } : { width: height, height: width };
}
