import { type Conversion, isLossless } from "../shared/conversion.ts";
import type { Rational, VideoStream } from "../shared/media.ts";

/** Pixels. */
export type Size = { width: number; height: number };

/**
 * The result's size, and the part of it that the film's picture fills: an odd side gets a row or column more, a copy of
 * the last one, so that nothing is lost and nothing blurred.
 */
export type Shape = Size & { inner: Size; sample_aspect_ratio: Rational };

/**
 * Cropped, upright and with square pixels, fitted into the box without ever being enlarged; even, as 4:2:0 wants it. The
 * box is turned for upright films: 1920x1080 is 1080x1920 for them. What is to be lossless keeps its own pixels.
 */
export function outputShape(film: VideoStream, { target_resolution, codec }: Conversion): Shape {
  const stored = turned(film);
  const shown = shownSize(film);
  const factor = shrinkFactor(shown, target_resolution);
  if (factor === 1 && isLossless(codec)) {
    return { ...stored, inner: stored, sample_aspect_ratio: turnedAspect(film) };
  }
  const inner = { width: side(shown.width, stored.width), height: side(shown.height, stored.height) };
  const whole = { width: inner.width + (inner.width % 2), height: inner.height + (inner.height % 2) };
  if (factor === 1 && shrinkFactor(whole, target_resolution) === 1) {
    return { ...whole, inner, sample_aspect_ratio: SQUARE };
  }
  const exact = { width: shown.width * factor, height: shown.height * factor };
  const small = nearest(shown, exact, turnedBox(shown, target_resolution));
  return { ...small, inner: small, sample_aspect_ratio: SQUARE };
}

const SQUARE: Rational = { num: 1, den: 1 };

function shrinkFactor(shown: Size, box: Size | null): number {
  const fit = turnedBox(shown, box);
  return Math.min(1, fit.width / shown.width, fit.height / shown.height);
}

function turnedBox(shown: Size, box: Size | null): Size {
  if (box === null) return { width: Number.POSITIVE_INFINITY, height: Number.POSITIVE_INFINITY };
  const upright = shown.height > shown.width;
  return upright === box.height > box.width ? box : { width: box.height, height: box.width };
}

/** Of the even sizes around `exact`, within the box and the film itself, the one whose aspect is nearest to the film's. */
function nearest(shown: Size, exact: Size, fit: Size): Size {
  const widths = evens(exact.width, Math.min(shown.width, fit.width));
  const heights = evens(exact.height, Math.min(shown.height, fit.height));
  const error = ({ width, height }: Size) =>
    Math.abs(Math.log((width * shown.height) / (height * shown.width)));
  const sizes = widths.flatMap((width) => heights.map((height) => ({ width, height })));
  return sizes.reduce((best, size) => (error(size) < error(best) ? size : best));
}

/** The even numbers next to this one, the smaller first; the larger only up to `most`. */
function evens(pixels: number, most: number): number[] {
  const below = Math.max(2, 2 * Math.floor(Math.round(pixels * 100) / 200));
  const isExact = Math.abs(pixels - below) < 0.01;
  return isExact || below + 2 > most ? [below] : [below, below + 2];
}

/** Non-square pixels are widened or heightened, never squeezed: no detail is lost. */
function shownSize(film: VideoStream): Size {
  const { num, den } = turnedAspect(film);
  const stored = turned(film);
  return {
    width: stored.width * Math.max(1, num / den),
    height: stored.height * Math.max(1, den / num),
  };
}

function turnedAspect({ sample_aspect_ratio, rotation }: VideoStream): Rational {
  const { num, den } = sample_aspect_ratio;
  return rotation % 180 === 0 ? { num, den } : { num: den, den: num };
}

/** A side that is stretched anyway becomes even by it; another stays as it is stored. */
function side(shown: number, stored: number): number {
  return shown === stored ? stored : 2 * Math.round(shown / 2);
}

/** Whether the film is larger than the box that it must fit in. */
export function isLargerThan(film: VideoStream, box: Size | null): boolean {
  return shrinkFactor(shownSize(film), box) < 1;
}

/** Whether the pictures change their size, other than by being cropped, turned upright, or given a row more. */
export function isScaled(film: VideoStream, { inner }: { inner: Size }): boolean {
  const upright = turned(film);
  return upright.width !== inner.width || upright.height !== inner.height;
}

/** Whether a row or a column is added. */
export function isPadded({ width, height, inner }: Size & { inner: Size }): boolean {
  return width !== inner.width || height !== inner.height;
}

/** The size in which the film is stored, without what is cropped, after it has been turned upright. */
export function turned({ width, height, rotation, crop }: VideoStream): Size {
  const shown = {
    width: width - (crop?.left ?? 0) - (crop?.right ?? 0),
    height: height - (crop?.top ?? 0) - (crop?.bottom ?? 0),
  };
  return rotation % 180 === 0 ? shown : { width: shown.height, height: shown.width };
}
