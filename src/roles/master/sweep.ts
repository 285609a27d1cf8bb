import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import { parseStagingName } from "../../shared/job.ts";
import { remove, statOf } from "./files.ts";

/** Canaries outlive their use by less than this. */
const CANARY_AGE_MS = 24 * 3_600_000;

/**
 * Deletes staging files that nobody will hand in any more and forgotten canaries, never anything else. Only what
 * is unchanged since `older_than_ms` (Unix milliseconds) goes. Returns how many files went. Throws VcError("storage").
 */
export async function sweepStaging(of: {
  staging_path: string;
  isHeld(attempt: { job_id: string; attempt: number }): boolean;
  now_ms: number;
  older_than_ms: number;
}): Promise<number> {
  try {
    return await sweep(of);
  } catch (cause) {
    if (systemCode(cause) === undefined) throw cause;
    const message = `left-over files in ${of.staging_path} cannot be deleted: ${messageOf(cause)}`;
    throw new VcError("storage", message, { cause });
  }
}

async function sweep(of: Parameters<typeof sweepStaging>[0]): Promise<number> {
  let swept = 0;
  for (const name of await readdir(of.staging_path)) {
    const attempt = parseStagingName(name);
    if (attempt === null && !name.startsWith("canary-")) continue;
    if (attempt !== null && of.isHeld(attempt)) continue;
    const path = join(of.staging_path, name);
    const stat = await statOf(path);
    const limit_ms = attempt === null ? of.now_ms - CANARY_AGE_MS : of.older_than_ms;
    if (stat === null || stat.isDirectory() || Number(stat.mtimeMs) > limit_ms) continue;
    await remove(path);
    swept += 1;
  }
  return swept;
}
