import type { Measure, QualityWish } from "../shared/quality.ts";
import type { Size } from "./plan-size.ts";

/** What there is to know of one way to compare pictures. Scores grow with likeness. */
export type MeasureRecord = {
  title: string;
  unit: string;
  digits: number;
  /** ffmpeg's filter with its options, and filters for both pictures before it. */
  filter(size: Size): string;
  prepare(size: Size): string[];
  /** The score that one line of ffmpeg's messages tells; null for any other line. */
  read(line: string): number | null;
  /** What one step on x264's scale usually costs. */
  slope: number;
  /** So little above the wish, a search ends. */
  slack: number;
  /** So much may a result be below the wish: its places are others than the samples'. */
  tolerance: number;
  /**
   * What is asked where nothing is wished for: of x264's usual settings (up to CRF 28) on average and at each place, and
   * of worse ones. Measured: at CRF 28 moving noise has an SSIM of 0.67 and an XPSNR of 20 dB, at 51 0.4 and 6 dB.
   */
  floor: { mean: number; place: number; bad: number };
};

/** In the order of what they know of people's eyes. */
export const MEASURE_RECORDS: Record<Measure, MeasureRecord> = {
  vmaf: {
    ...{ title: "VMAF", unit: "", digits: 1 },
    filter: (size) => `libvmaf@score=model=version=${modelFor(size)}:n_threads=4:repeatlast=0`,
    prepare: enlarge,
    read: (line) => numberIn(line, /VMAF score: ([\d.]+)/),
    ...{ slope: 1.2, slack: 0.5, tolerance: 2, floor: { mean: 50, place: 25, bad: 5 } },
  },
  xpsnr: {
    ...{ title: "XPSNR", unit: " dB", digits: 2 },
    filter: () => "xpsnr@score=repeatlast=0",
    prepare: () => [],
    read: readXpsnr,
    ...{ slope: 0.5, slack: 0.2, tolerance: 1, floor: { mean: 18, place: 12, bad: 5 } },
  },
  ssim: {
    ...{ title: "SSIM", unit: "", digits: 4 },
    filter: () => "ssim@score=repeatlast=0",
    prepare: () => [],
    read: (line) => numberIn(line, /\bSSIM .*\bAll:([\d.]+)/),
    ...{ slope: 0.003, slack: 0.0015, tolerance: 0.01, floor: { mean: 0.65, place: 0.4, bad: 0.3 } },
  },
};

/**
 * What stands for a wish where its own measure is not there. VMAF against the others: what x264 usually gives for films
 * of 1080p at CRF 45 to 15. They weigh errors differently, so that this is a rule of thumb and no conversion.
 */
export function wantedOf(wish: QualityWish, measure: Measure): number {
  if (measure === wish.measure) return wish.score;
  const column = measure === "xpsnr" ? 1 : 2;
  const above = LIKE_VMAF.findIndex(([vmaf]) => vmaf >= wish.score);
  const high = LIKE_VMAF[above];
  const low = LIKE_VMAF[above - 1];
  if (high === undefined || low === undefined) return (high ?? LIKE_VMAF[0])?.[column] ?? 0;
  const share = (wish.score - low[0]) / (high[0] - low[0]);
  const { digits } = MEASURE_RECORDS[measure];
  return Number((low[column] + share * (high[column] - low[column])).toFixed(digits));
}

/** VMAF, XPSNR (dB), SSIM. */
const LIKE_VMAF: [number, number, number][] = [
  [1, 20, 0.6],
  [60, 31, 0.88],
  [70, 33, 0.91],
  [80, 35, 0.94],
  [90, 38, 0.967],
  [95, 41, 0.98],
  [98, 43.5, 0.99],
  [100, 46, 0.995],
];

/** `VMAF 95.0`, `XPSNR 41.00 dB`. */
export function tellScore(measure: Measure, score: number): string {
  const { title, digits, unit } = MEASURE_RECORDS[measure];
  return `${title} ${score.toFixed(digits)}${unit}`;
}

/** Netflix's models are made for 1080p on a television, and for 4K. How much smaller than that a picture is, upright or not. */
function timesToHd({ width, height }: Size): number {
  return Math.min(1920 / Math.max(width, height), 1080 / Math.min(width, height));
}

function modelFor(size: Size): string {
  return timesToHd(size) < 0.75 ? "vmaf_4k_v0.6.1" : "vmaf_v0.6.1";
}

/** Smaller pictures are compared as a television would show them. */
function enlarge(size: Size): string[] {
  const times = timesToHd(size);
  if (times < 1.1) return [];
  const even = (length: number) => 2 * Math.round((length * times) / 2);
  return [`scale=${even(size.width)}:${even(size.height)}:flags=bicubic`];
}

/** Copies are infinitely alike. */
const MOST_DB = 100;

/** Brightness counts six times, as in the usual mean of PSNRs of planes; planes without colour make nothing better. */
function readXpsnr(line: string): number | null {
  const [, ...found] = /\bXPSNR +y: *([\d.]+|inf) +u: *([\d.]+|inf) +v: *([\d.]+|inf)/.exec(line) ?? [];
  const [y, u, v] = found.map((text) => (text === "inf" ? MOST_DB : Math.min(MOST_DB, Number(text))));
  return y === undefined || u === undefined || v === undefined ? null : Math.min(y, (6 * y + u + v) / 8);
}

function numberIn(line: string, pattern: RegExp): number | null {
  const [, text] = pattern.exec(line) ?? [];
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? null : value;
}
