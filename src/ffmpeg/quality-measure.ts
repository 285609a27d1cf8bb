import type { Conversion } from "../shared/conversion.ts";
import { isLossless } from "../shared/conversion.ts";
import { formatQuality, MEASURES, type Measure, type QualityWish } from "../shared/quality.ts";
import { MEASURE_RECORDS, tellScore, wantedOf } from "./quality-measures.ts";
import { captureTool } from "./tool.ts";

/** By what this machine's ffmpeg compares results with their sources, and what they are to score. */
export type Scoring = {
  measure: Measure;
  wish: QualityWish | null;
  /** Null where nothing is wished for but that the result is the source. */
  wanted: number | null;
  notes: string[];
};

/**
 * How the results of a conversion are scored; null where they need not be. VMAF is preferred, and stands in a wish for
 * whatever this ffmpeg has instead, which the notes say. `missing`: there is nothing at all to compare with.
 * Throws VcError("ffmpeg") if ffmpeg does not start.
 */
export async function chooseScoring(of: {
  ffmpeg_path: string;
  conversion: Pick<Conversion, "quality" | "verify" | "codec">;
  signal?: AbortSignal | undefined;
}): Promise<Scoring | null | { missing: string }> {
  const { quality, verify, codec } = of.conversion;
  const wish = typeof quality === "number" || isLossless(codec) || codec === "prores" ? null : quality;
  if (wish === null && verify !== "measured") return null;
  const able = wish?.measure === "ssim" ? (["ssim"] as const) : MEASURES;
  for (const measure of able) {
    if (!(await works(measure, of))) continue;
    if (wish === null) return { measure, wish, wanted: null, notes: [] };
    return { measure, wish, wanted: wantedOf(wish, measure), notes: insteadNotes(wish, measure) };
  }
  return {
    missing: `This ffmpeg has none of the filters that measure quality (${able.map(filterName).join(", ")}).`,
  };
}

/** What people should know where a wish is not measured as they wished it. */
function insteadNotes(wish: QualityWish, measure: Measure): string[] {
  if (measure === wish.measure) return [];
  const wanted = tellScore(measure, wantedOf(wish, measure));
  return [
    `This ffmpeg has no libvmaf: ${wanted} stands for ${formatQuality(wish)}, which is about as good, but no conversion of the one into the other.`,
  ];
}

const LIMIT_MS = 30_000;

/** Compares a test picture with a copy: a filter may be there without its model, or say its score in another way. */
async function works(measure: Measure, of: Parameters<typeof chooseScoring>[0]): Promise<boolean> {
  const record = MEASURE_RECORDS[measure];
  const size = { width: 192, height: 108 };
  const both = [...record.prepare(size), "format=yuv420p"].join(",");
  const graph = `[0:v]split[a][b];[a]${both}[one];[b]${both}[other];[one][other]${record.filter(size)}`;
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg_path, "-hide_banner", "-nostdin", "-nostats", "-v", "info"],
      ...["-f", "lavfi", "-i", `testsrc2=size=${size.width}x${size.height}:duration=0.2`],
      ...["-filter_complex", graph, "-f", "null", "-"],
    ],
    limit_ms: LIMIT_MS,
    max_bytes: 1_000_000,
    signal: of.signal,
  });
  return run.code === 0 && run.stderr.split("\n").some((line) => record.read(line) !== null);
}

function filterName(measure: Measure): string {
  return measure === "vmaf" ? "libvmaf" : measure;
}
