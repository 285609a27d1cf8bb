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
  return { width: even(shown.width * factor), height: even(shown.height * factor) };
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

function even(pixels: number): number {
  return Math.max(2, 2 * Math.floor(Math.round(pixels * 100) / 200));
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
