import { type Conversion, isLossless, type Preset } from "../shared/conversion.ts";
import type { BitDepth, DeviceOptions, EncodeLimits } from "../shared/gpu.ts";
import type { MediaInfo, Rational, VideoStream } from "../shared/media.ts";
import type { QualityWish } from "../shared/quality.ts";
import type { PictureFormat, RateControl } from "./encoders/family.ts";
import { type ColorPlan, planColor } from "./plan-color.ts";
import { type FitPlan, fitNotes, planFit } from "./plan-fit.ts";
import type { Step } from "./plan-ladder.ts";
import { cropBySelf, shapeNotes } from "./plan-picture.ts";
import { planRate, rateNotes } from "./plan-rate.ts";
import { keepsSamples, sampleNotes } from "./plan-samples.ts";
import { changesFields, type FieldPlan, fieldNotes, picturesPer, planFields } from "./plan-scan.ts";
import { isScaled, outputShape, type Shape } from "./plan-size.ts";

export type VideoPlan = {
  /** The stream's index in the source. */
  index: number;
  codec: Conversion["codec"];
  encoder: string;
  /** Where each stage runs; `frames` is where the encoder takes its pictures from. */
  decode: "vulkan" | "cpu";
  filter: "vulkan" | "cpu";
  frames: "vulkan" | "cpu";
  /** What opens the encoder's device. */
  open: DeviceOptions;
  /** What the encoder's driver states; null where nothing is known. */
  limits: EncodeLimits | null;
  /** The result's size, upright; `inner` of it is the film's picture. */
  width: number;
  height: number;
  inner: Shape["inner"];
  sample_aspect_ratio: Rational;
  /** How the pictures are turned, by ffmpeg itself or by filters of ours. */
  turn: { rotation: number; mirrored: boolean; by_ffmpeg: boolean };
  /** Pictures before that time, in seconds from the film's start, are shown so much later than ffmpeg would. */
  lead: { until_s: number; by_s: number } | null;
  /** What is cut off upright pictures; null for nothing, or where ffmpeg does it by itself. */
  crop: ReturnType<typeof cropBySelf>;
  /** Whether the pictures change their size. */
  scaled: boolean;
  /** How those of several shapes are brought into one; null where all have one. */
  fit: FitPlan;
  /** The pixel format in which a GPU's decoder gives its pictures; null for a decoder on the CPU. */
  decoded_format: "nv12" | "p010le" | null;
  /** The pixel format that the encoder takes, and that of the result. */
  input_format: string;
  pixel_format: string;
  bit_depth: BitDepth;
  chroma: PictureFormat["chroma"];
  /** Whether the result shows the source's every sample, so that the least difference is an error. */
  exact: boolean;
  fields: FieldPlan;
  rate: RateControl;
  /** What the result is to score; the quality in `rate` is then the first one of a search, if it is one at all. */
  wish: QualityWish | null;
  preset: Preset;
  frame_rate: Rational | null;
  /** The source's own unit of time, or half of it for fields, so that every timestamp stays exact. */
  time_base: Rational;
  notes: string[];
} & ColorPlan;

export function planVideo(of: {
  film: VideoStream;
  media: MediaInfo;
  conversion: Conversion;
  step: Step;
}): VideoPlan {
  const { film, media, conversion, step } = of;
  const { encoder, proven, format, family } = step.choice;
  const size = outputShape(film, conversion);
  const fit = planFit(of);
  const { decode, filter } = step.rung;
  const fields = planFields(film, conversion, encoder.encoder);
  const per = picturesPer(fields);
  const color = planColor({ film, conversion, choice: step.choice, size });
  return {
    ...{ index: film.index, codec: conversion.codec, encoder: encoder.encoder },
    ...{ decode, filter, frames: family.frames, open: proven.open, limits: proven.limits },
    ...{ ...size, scaled: fit !== null || isScaled(film, size), fit, crop: cropBySelf(film) },
    turn: { rotation: film.rotation, mirrored: film.mirrored, by_ffmpeg: !film.turned_in_pictures },
    lead: film.lead === undefined ? null : { ...film.lead, until_s: film.lead.until_s - media.start_s },
    decoded_format: decode === "cpu" ? null : film.bit_depth === 10 ? "p010le" : "nv12",
    ...{ input_format: format.input, pixel_format: format.result, bit_depth: format.bit_depth },
    chroma: format.chroma,
    exact:
      isLossless(conversion.codec) &&
      !changesFields(fields) &&
      keepsSamples(film, format) &&
      fit === null &&
      !isScaled(film, size),
    fields,
    ...planRate(of),
    preset: conversion.preset,
    frame_rate: film.exact_rate && { ...film.exact_rate, num: film.exact_rate.num * per },
    time_base: { ...film.time_base, den: film.time_base.den * per },
    ...color,
    notes: [
      ...fitNotes(film, fit, size),
      ...shapeNotes(film, size),
      ...color.notes,
      ...(step.notes.length > 0 ? [] : sampleNotes(film, conversion.codec, format)),
      ...fieldNotes(film, fields, conversion.codec),
      ...rateNotes(of),
    ],
  };
}
