import type { Properties } from "../fixtures/corpus/fixture.ts";
import type { Judges } from "./judge.ts";
import type { Look, ProbedStream } from "./look.ts";

type Picture =
  | "corners"
  | "shape"
  | "size"
  | "filled"
  | "frames"
  | "times"
  | "fields"
  | "bits"
  | "pixel_format"
  | "cover";

export const PICTURE_JUDGES: Pick<Judges, Picture> = {
  corners: async ({ result, value }) => {
    const turned = sideData(result.film, "Display Matrix");
    if (turned !== undefined) return `still turned by a matrix (${turned.rotation})`;
    for (const picture of await result.pictures([16, 16])) {
      const seen = [
        cornerOf(picture, 4, 4),
        cornerOf(picture, 11, 4),
        cornerOf(picture, 4, 11),
        cornerOf(picture, 11, 11),
      ];
      if (seen.join("") !== value) return `the corners are ${seen.join(" ")} instead of ${value}`;
    }
    return null;
  },
  shape: async ({ result, value }) => {
    const { width, height } = result.film;
    const shape = ((width ?? 0) / (height ?? 1)) * pixelAspect(result.film);
    return near(shape, value, 0.02 * value)
      ? null
      : `${shape.toFixed(3)} wide instead of ${value.toFixed(3)}`;
  },
  size: async ({ result: { film }, value: [width, height] }) =>
    film.width === width && film.height === height
      ? null
      : `${film.width}x${film.height} instead of ${width}x${height}`,
  filled: async ({ result, value }) => {
    const shares = (await result.pictures([FINE, FINE])).map(filledShare);
    const same = value.every((wanted, n) =>
      wanted.every((share, k) => near(share, shares[n]?.[k] ?? 0, 0.04)),
    );
    return same ? null : `filled by ${JSON.stringify(shares)} instead of ${JSON.stringify(value)}`;
  },
  frames: async ({ result, value }) => {
    const { length } = await result.frames();
    return length === value ? null : `${length} pictures instead of ${value}`;
  },
  times: async ({ source, result, value }) => {
    const expected = value === "source" ? await timesOf(await source()) : value;
    const got = await timesOf(result);
    if (got.length !== expected.length) return `${got.length} pictures instead of ${expected.length}`;
    // ffprobe knows no time of the last picture of some streams.
    const wrong = got.findIndex((time, n) => Math.abs(time - (expected[n] ?? Number.NaN)) > MILLISECOND);
    return wrong < 0 ? null : `picture ${wrong} is shown at ${got[wrong]} s instead of ${expected[wrong]} s`;
  },
  fields: async ({ result, value }) => {
    const found = await fieldsOf(result);
    return found === value ? null : `ffmpeg's idet finds fields ${found}`;
  },
  bits: async ({ result: { film }, value }) => {
    const bits = bitsOf(film.pix_fmt ?? "");
    return bits === value ? null : `${bits} bits (${film.pix_fmt}) instead of ${value}`;
  },
  pixel_format: async ({ result: { film }, value }) =>
    film.pix_fmt === value ? null : `${film.pix_fmt} instead of ${value}`,
  cover: async ({ result: { probed }, value: [width, height] }) => {
    const found = probed.streams.find(({ disposition }) => disposition.attached_pic === 1);
    if (found === undefined) return "there is no cover";
    return found.width === width && found.height === height
      ? null
      : `a cover of ${found.width}x${found.height}`;
  },
};

/** Matroska's clock has milliseconds: half of one each for source and result, and what floating point adds. */
const MILLISECOND = 0.00102;

export function near(a: number, b: number, by: number): boolean {
  return Math.abs(a - b) <= by;
}

const FINE = 96;

/** Of the middle row and the middle column: the share that is not black. */
function filledShare(rgb: Uint8Array): [number, number] {
  const is_lit = (x: number, y: number) => {
    const at = 3 * (FINE * y + x);
    return Math.max(...rgb.subarray(at, at + 3)) > 60;
  };
  const lit = (places: [number, number][]) => places.filter(([x, y]) => is_lit(x, y)).length / FINE;
  const along = Array.from({ length: FINE }, (_, n) => n);
  return [lit(along.map((x) => [x, FINE / 2])), lit(along.map((y) => [FINE / 2, y]))];
}

function sideData(stream: ProbedStream, type: string) {
  return stream.side_data_list?.find(({ side_data_type }) => side_data_type === type);
}

/** Which of the four colours a pixel of a picture 16 pixels wide has; a question mark for another one. */
function cornerOf(rgb: Uint8Array, x: number, y: number): string {
  const at = 3 * (16 * y + x);
  const colour = [...rgb.subarray(at, at + 3)];
  const close = Object.entries(COLOURS).find(([, sought]) =>
    sought.every((part, n) => near(part, colour[n] ?? 0, 30)),
  );
  return close?.[0] ?? `?(${colour})`;
}

const COLOURS = { r: [255, 0, 0], g: [0, 255, 0], b: [0, 0, 255], w: [255, 255, 255] };

function pixelAspect({ sample_aspect_ratio = "1:1" }: ProbedStream): number {
  const [num = 1, den = 1] = sample_aspect_ratio.split(":").map(Number);
  return num === 0 || den === 0 ? 1 : num / den;
}

async function timesOf(film: Look): Promise<number[]> {
  const times = (await film.frames()).map(({ best_effort_timestamp_time: time }) => Number(time));
  return times.map((time) => time - (times[0] ?? 0));
}

/** idet's own verdict over all pictures: interlaced where it finds more of such than of whole ones. */
async function fieldsOf(film: Look): Promise<Properties["fields"]> {
  const shown = ["-vf", "idet,metadata=print:file=-", "-f", "null", "-"];
  const said = new TextDecoder().decode(await film.ask("ffmpeg", "-map", `0:${film.film.index}`, ...shown));
  const count = (kind: string) =>
    Number(
      [...said.matchAll(new RegExp(`lavfi\\.idet\\.multiple\\.${kind}=([\\d.]+)`, "g"))].at(-1)?.[1] ?? 0,
    );
  return count("tff") + count("bff") > count("progressive") ? "kept" : "none";
}

function bitsOf(pixel_format: string): number {
  return Number(/(?:p|gray)(9|10|12|14|16)(?:le|be)$/.exec(pixel_format)?.[1] ?? 8);
}
