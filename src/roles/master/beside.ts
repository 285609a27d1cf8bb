import { join } from "node:path";
import type { PublishedFile } from "../../db/schema.ts";
import * as files from "./files.ts";
import { isReallyBelow } from "./quarantine-folder.ts";

/**
 * Takes away what vc published beside a film below `base`, as far as it is still exactly what vc put there. May be
 * repeated. Throws the system's errors.
 */
export async function removePublished(base: string, published: readonly PublishedFile[]): Promise<void> {
  for (const { output_rel, size, mtime_ns } of published) {
    if (!(await isReallyBelow(base, output_rel))) continue;
    const path = join(base, output_rel);
    const found = await files.statOf(path);
    if (found?.isFile() !== true || found.size !== BigInt(size) || String(found.mtimeNs) !== mtime_ns)
      continue;
    await files.remove(path);
    await files.syncFoldersOf(path, base);
  }
}
