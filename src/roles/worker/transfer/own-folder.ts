import { createHash, randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileTrouble, systemCode, VcError } from "../../../shared/errors.ts";

/** A worker's own folder below the cache: two workers of one user share the cache, but neither films nor results. */
export function ownFolder(cache_path: string, kind: "films" | "work", worker_id: string): string {
  const hash = createHash("sha256").update(worker_id).digest("hex").slice(0, 8);
  return join(cache_path, kind, `${worker_id.replace(/[^0-9A-Za-z_-]/g, "_").slice(0, 40)}-${hash}`);
}

/**
 * Makes such a folder, and proves that files can be made in it: one that another user's worker has left looks like one's
 * own until the first film fails. A full disk is no fault of the folder's.
 * @throws VcError failed
 */
export async function proveFolder(folder: string): Promise<void> {
  const trial = join(folder, `trial-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(trial, "", { flag: "wx", mode: 0o600 });
    await rm(trial);
  } catch (cause) {
    if (systemCode(cause) === "ENOSPC") return;
    const message = `Films on their way cannot be kept in ${folder}: ${fileTrouble(cause)}. Give the worker's user the right to write there, or set storage.cache_path.`;
    throw new VcError("failed", message, { cause });
  }
}
