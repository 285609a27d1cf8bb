import { GREYS, PATCH, SHOWN, SIDE } from "../fixtures/corpus/chart.ts";
import type { Judges } from "./judge.ts";
import { near } from "./judges-picture.ts";
import type { Look, SideData } from "./look.ts";

type Colour = "color" | "chroma" | "light" | "dynamic_metadata" | "patches" | "mapped";

export const COLOUR_JUDGES: Pick<Judges, Colour> = {
  color: async ({ result: { film }, value }) => {
    const said = {
      primaries: film.color_primaries,
      transfer: film.color_transfer,
      matrix: film.color_space,
      range: film.color_range,
    };
    const wrong = (Object.keys(value) as (keyof typeof value)[]).filter((name) => said[name] !== value[name]);
    return wrong.length === 0
      ? null
      : wrong.map((name) => `${name} ${said[name]} instead of ${value[name]}`).join(", ");
  },
  chroma: async ({ result: { film }, value }) =>
    film.chroma_location === value ? null : `chroma at ${film.chroma_location} instead of ${value}`,
  light: async ({ result, value }) => {
    const display = await hdrData(result, "Mastering display metadata");
    const level = await hdrData(result, "Content light level metadata");
    if (value === null) return (display ?? level) ? "there still is HDR metadata" : null;
    if (display === undefined || level === undefined) return "HDR metadata is missing";
    const got = {
      peak: Number(level.max_content),
      average: Number(level.max_average),
      brightest: ratio(display.max_luminance),
      darkest: ratio(display.min_luminance),
    };
    const right =
      (["peak", "average"] as const).every((name) => got[name] === value[name]) &&
      near(got.brightest, value.brightest, 1) &&
      near(got.darkest, value.darkest, 0.001);
    return right ? null : `${JSON.stringify(got)} instead of ${JSON.stringify(value)}`;
  },
  dynamic_metadata: async ({ result, value }) => {
    const found = (await hdrData(result, "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)")) !== undefined;
    return found === value ? null : found ? "there is HDR10+" : "HDR10+ is missing";
  },
  patches: async ({ source, result, value }) => {
    const [before, after] = [await patchesOf(await source()), await patchesOf(result)];
    const worst = Math.max(
      ...before.flatMap((patch, n) => patch.map((part, c) => Math.abs(part - (after[n]?.[c] ?? 0)))),
    );
    return worst <= value ? null : `a patch is off by ${worst.toFixed(1)} of 255`;
  },
  mapped: async ({ result, value }) => {
    const patches = await patchesOf(result);
    const greys = patches.slice(0, GREYS.length);
    const tinted = greys.find((grey) => Math.max(...grey) - Math.min(...grey) > NEUTRAL);
    if (tinted !== undefined) return `a grey became ${tinted.map(Math.round)}`;
    const levels = greys.map(([, green = 0]) => green);
    if (levels.some((level, n) => n > 0 && level < (levels[n - 1] ?? 0) - 1))
      return `greys out of order: ${levels.map(Math.round)}`;
    const paper = levels[GREYS.indexOf(203)] ?? 0;
    if ((levels[0] ?? 0) > 12 || paper < 110 || paper > 240)
      return `black ${levels[0]}, paper white ${paper} of 255`;
    const hues = SHOWN.map(hue).map((sought, n) => turn(sought, hue(linear(patches[n] ?? []))));
    const worst = Math.max(...hues.slice(GREYS.length));
    return worst <= value ? null : `a hue is off by ${worst.toFixed(0)} degrees`;
  },
};

/** Of 255: what 8 bits and 4:2:0 leave of a grey. */
const NEUTRAL = 10;

/** Side data of the stream, or of its first picture. */
async function hdrData(film: Look, type: string): Promise<SideData | undefined> {
  const [first] = await film.frames();
  return [...(film.film.side_data_list ?? []), ...(first?.side_data_list ?? [])].find(
    (data) => data.side_data_type === type,
  );
}

function ratio(text: string | number | undefined): number {
  const [num = Number.NaN, den = 1] = String(text).split("/").map(Number);
  return num / den;
}

/** The mean of each patch's inner half, as red, green and blue up to 255. */
async function patchesOf(film: Look): Promise<number[][]> {
  const side = SIDE * PATCH;
  const [rgb = new Uint8Array()] = await film.pictures([side, side]);
  return Array.from({ length: SIDE * SIDE }, (_, n) => {
    const [left, top] = [(n % SIDE) * PATCH, Math.floor(n / SIDE) * PATCH];
    const sums = [0, 0, 0];
    for (let y = PATCH / 4; y < (PATCH * 3) / 4; y += 1) {
      for (let x = PATCH / 4; x < (PATCH * 3) / 4; x += 1) {
        const at = 3 * ((top + y) * side + left + x);
        sums.forEach((sum, c) => {
          sums[c] = sum + (rgb[at + c] ?? 0);
        });
      }
    }
    return sums.map((sum) => sum / (PATCH / 2) ** 2);
  });
}

/** Of a screen of BT.1886. */
function linear(patch: number[]): number[] {
  return patch.map((part) => (part / 255) ** 2.4);
}

/** Degrees on the circle of colours, of linear light. */
function hue(rgb: number[]): number {
  const [r = 0, g = 0, b = 0] = rgb;
  return (Math.atan2(Math.sqrt(3) * (g - b), 2 * r - g - b) * 180) / Math.PI;
}

function turn(a: number, b: number): number {
  const way = Math.abs(a - b) % 360;
  return Math.min(way, 360 - way);
}
