import type { Capabilities, ProvenEncoder } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import type { BitDepth } from "../shared/gpu.ts";
import type { VideoStream } from "../shared/media.ts";
import type { Encoder, EncoderFamily, PictureFormat } from "./encoders/family.ts";
import { hasAlpha } from "./plan-samples.ts";
import type { Size } from "./plan-size.ts";

/** An encoder for one film: how it was proven, and the kind of picture that it gets. */
export type EncoderChoice = {
  family: EncoderFamily;
  encoder: Encoder;
  proven: ProvenEncoder;
  format: PictureFormat;
};

export type Wanted = {
  film: VideoStream;
  codec: Conversion["codec"];
  bit_depth: BitDepth;
  size: Size;
  capabilities: Capabilities;
  /** The id of the Gpu that the attempt was given; null where there is none, for the reason `no_device`. */
  device: string | null;
  no_device: string;
};

/**
 * The first encoder of a family that was proven where the attempt may use it and can hold the film, and why those
 * before it cannot. `whys` says nothing of encoders that were never tried here.
 */
export function chooseEncoder(
  family: EncoderFamily,
  wanted: Wanted,
): { choice: EncoderChoice | null; whys: string[] } {
  const whys: string[] = [];
  for (const encoder of family.encoders.filter(({ codec }) => codec === wanted.codec)) {
    const found = consider({ family, encoder, wanted });
    if ("choice" in found) return { ...found, whys };
    if (found.why !== null) whys.push(`${encoder.encoder}: ${found.why}`);
  }
  return { choice: null, whys };
}

/**
 * The bits a sample to try, best first. h264 gets 8 unless 10 are asked for: few players show more. ProRes has 10; the
 * others keep what the source has.
 */
export function wantedDepths(film: VideoStream, { codec, bit_depth }: Conversion): [BitDepth, ...BitDepth[]] {
  if (codec === "prores") return [10];
  if (bit_depth !== null) return [bit_depth];
  return codec !== "h264" && film.bit_depth > 8 ? [10, 8] : [8];
}

type Considered = { encoder: Encoder; family: EncoderFamily; wanted: Wanted };

/** `why` is null where nobody ever tried. */
function consider(of: Considered): { choice: EncoderChoice } | { why: string | null } {
  const { family, encoder, wanted } = of;
  const found = provenHere(of);
  if ("why" in found) return found;
  const { proven } = found;
  const format = formatFor(encoder, wanted.film, wanted.bit_depth);
  if (format === undefined || (wanted.bit_depth === 10 && !proven.ten_bit)) {
    return { why: `no ${wanted.bit_depth} bits` };
  }
  const lost = loses(wanted.codec, wanted.film, format);
  if (lost !== null) return { why: lost };
  const why = wrongSize({ encoder, proven, format, size: wanted.size });
  return why === null ? { choice: { family, encoder, proven, format } } : { why };
}

/** The proof that holds on the given Gpu, or else on the system's own choice of device. */
function provenHere({
  family,
  encoder,
  wanted,
}: Considered): { proven: ProvenEncoder } | { why: string | null } {
  const { capabilities, device } = wanted;
  const same = (one: { family: string; encoder: string; codec: string }) =>
    one.family === family.family && one.encoder === encoder.encoder && one.codec === encoder.codec;
  const proofs = capabilities.encoders.filter(same);
  const proven =
    proofs.find((one) => one.device !== null && one.device === device) ??
    proofs.find((one) => one.device === null);
  if (proven !== undefined) return { proven };
  const tries = capabilities.refused.filter(same);
  const refused = tries.find((one) => one.device === device) ?? tries[0];
  if (proofs.length === 0 || refused?.device === device) return { why: refused?.why ?? null };
  return { why: device === null ? wanted.no_device : "it was proven only on another GPU" };
}

/** The kind of picture nearest to the film's: its own colours, or else the first that the encoder has. */
function formatFor(encoder: Encoder, film: VideoStream, bit_depth: BitDepth): PictureFormat | undefined {
  const deep = encoder.formats.filter((one) => one.bit_depth === bit_depth);
  const transparent = hasAlpha(film) ? deep.filter(({ alpha }) => alpha === true) : [];
  const fitting = transparent.length > 0 ? transparent : deep.filter(({ alpha }) => alpha !== true);
  const chromas = /^yuv41/.test(film.pixel_format) ? (["422"] as const) : KEPT_AS[film.chroma];
  const near = chromas.flatMap((chroma) => fitting.find((one) => one.chroma === chroma) ?? []);
  return near[0] ?? fitting[0];
}

/** Gray fits into 4:2:0, 4:1:1 into 4:2:2, and everything else into 4:4:4 without loss of sharpness. */
const KEPT_AS: Record<VideoStream["chroma"], PictureFormat["chroma"][]> = {
  ...{ "420": ["420"], "422": ["422"], "444": ["444"] },
  ...{ gray: ["420"], rgb: ["rgb", "444"], other: ["444"] },
};

/** What another encoder of the codec keeps and this one cannot; null for nothing. */
function loses(codec: Conversion["codec"], film: VideoStream, format: PictureFormat): string | null {
  if (!["ffv1", "prores"].includes(codec)) return null;
  if (hasAlpha(film) && format.alpha !== true) return "it keeps no transparency";
  if (codec === "ffv1") return film.chroma === "rgb" && format.chroma !== "rgb" ? "it keeps no RGB" : null;
  const full = ["444", "rgb"].includes(film.chroma);
  return full && format.chroma !== "444" ? "it keeps no 4:4:4" : null;
}

/** The driver's own limits, where it states some, count instead of the family's. */
function wrongSize(of: {
  encoder: Encoder;
  proven: ProvenEncoder;
  format: PictureFormat;
  size: Size;
}): string | null {
  const { size, encoder } = of;
  const { limits } = of.proven;
  const min_width = limits?.min_width ?? encoder.min_size.width;
  const min_height = limits?.min_height ?? encoder.min_size.height;
  if (size.width < min_width || size.height < min_height) {
    return `takes no picture below ${min_width}x${min_height}`;
  }
  if (limits !== null && (size.width > limits.max_width || size.height > limits.max_height)) {
    return `takes no picture above ${limits.max_width}x${limits.max_height}`;
  }
  const align = of.format.align ?? { width: 1, height: 1 };
  if (size.width % align.width === 0 && size.height % align.height === 0) return null;
  return `takes such pictures only with sides that are multiples of ${align.width} and ${align.height}`;
}
