import { sep } from "node:path";
import type { JobRow } from "../../db/schema.ts";
import type { Container } from "../../shared/conversion.ts";
import type { Context, CoordinatorSettings } from "./context.ts";
import { outputKey, outputNames } from "./output-names.ts";
import { replacingNames } from "./replacing.ts";

/**
 * The name of a job's result fits its container, the configured one where none is told; after a change of that it is given
 * a new one. What became mkv for its subtitles keeps that name.
 */
export function renameFor(context: Context, job: JobRow, made?: Container): JobRow {
  const wanted = context.wishes.of(job.source_rel).conversion;
  const became = wanted.subtitles === "mkv" && job.published_rel?.endsWith(".mkv") === true;
  const container = made ?? (became ? "mkv" : wanted.container);
  const replace = context.settings.replace === true;
  if (!replace && job.output_rel.endsWith(`.${container}`)) return job;
  for (const output_rel of (replace ? replacingNames : outputNames)(job.source_rel, container)) {
    const output_key = outputKey(output_rel);
    if (replace && job.output_rel === output_rel) return job;
    const owner = context.store.ownerOfOutput(output_key);
    if (owner !== undefined && owner !== job.id) continue;
    const renamed = { ...job, output_rel, output_key, output_path: outputPath(context.settings, output_rel) };
    context.store.renameOutput(renamed);
    return renamed;
  }
  throw new Error("names never run out");
}

/** A film that was left alone from the start has no name that another might have wanted: now it may have the best. */
export function withBestName(context: Context, job: JobRow): JobRow {
  const { container } = context.wishes.of(job.source_rel).conversion;
  for (const output_rel of outputNames(job.source_rel, container)) {
    if (output_rel === job.output_rel) return job;
    const output_key = outputKey(output_rel);
    if (context.store.ownerOfOutput(output_key) !== undefined) continue;
    const renamed = { ...job, output_rel, output_key, output_path: outputPath(context.settings, output_rel) };
    context.store.renameOutput(renamed);
    return renamed;
  }
  throw new Error("names never run out");
}

export function sourcePath({ root_path }: CoordinatorSettings, source_rel: string): string {
  return pathBelow(root_path, source_rel);
}

export function outputPath({ output_base }: CoordinatorSettings, output_rel: string): string {
  return pathBelow(output_base, output_rel);
}

/** A '/'-separated, clean `rel` under an absolute root. As `join`, which is too slow to be called for each film of a scan. */
export function pathBelow(root: string, rel: string): string {
  const native = sep === "/" ? rel : rel.replaceAll("/", sep);
  return root.endsWith(sep) ? root + native : root + sep + native;
}
