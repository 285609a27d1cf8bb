import { join } from "node:path";
import type { PublishedFile } from "../../db/schema.ts";
import * as files from "./files.ts";
import { inRealFolder } from "./quarantine-folder.ts";

/**
 * Takes away what vc published beside a film below `base`, as far as it is still exactly what vc put there. May be
 * repeated. Throws the system's errors.
 */
export async function removePublished(base: string, published: readonly PublishedFile[]): Promise<void> {
  for (const { output_rel, size, mtime_ns } of published) {
    const removed = await inRealFolder(base, output_rel, async (path) => {
      const found = await files.statOf(path);
      const own = found?.isFile() === true && found.size === BigInt(size);
      if (!own || String(found.mtimeNs) !== mtime_ns) return false;
      await files.remove(path);
      return true;
    });
    if (removed === true) await files.syncFoldersOf(join(base, output_rel), base);
  }
}
