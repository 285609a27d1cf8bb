import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import type { Plan } from "./plan.ts";
import { captureTool } from "./tool.ts";

/** Cover pictures of a source as files of their own, in the plan's order. */
export type CoverFiles = { paths: string[]; remove(): Promise<void> };

/**
 * Lays out the pictures that are to be attached to a Matroska file: ffmpeg attaches only files. Null where one of them
 * cannot be read. Throws VcError("ffmpeg") if ffmpeg does not start.
 */
export async function layOutCovers(of: {
  ffmpeg_path: string;
  source: string;
  plan: Plan;
  signal: AbortSignal;
}): Promise<CoverFiles | null> {
  if (of.plan.container !== "mkv" || of.plan.covers.length === 0)
    return { paths: [], remove: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), COVERS_PREFIX));
  const remove = () => rm(folder, { recursive: true, force: true });
  const paths: string[] = [];
  for (const { index } of of.plan.covers) {
    const picture = await readCover({ ...of, index });
    if (picture === null) {
      await remove();
      return null;
    }
    paths.push(join(folder, `${index}`));
    await writeFile(join(folder, `${index}`), picture);
  }
  return { paths, remove };
}

export const COVERS_PREFIX = "vc-covers-";
const MOST_BYTES = 64_000_000;

async function readCover(of: {
  ffmpeg_path: string;
  source: string;
  index: number;
  signal: AbortSignal;
}): Promise<Buffer | null> {
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg_path, "-hide_banner", "-nostdin", ...errorsOnly(of.source), ...guardOptions(of.source)],
      ...["-i", sourceUrl(of.source), "-map", `0:${of.index}`, "-c", "copy", "-frames:v", "1"],
      ...["-f", "rawvideo", "pipe:1"],
    ],
    limit_ms: 60_000,
    max_bytes: MOST_BYTES,
    signal: of.signal,
  });
  return run.code === 0 && !run.too_long && run.stdout.length > 0 ? run.stdout : null;
}
