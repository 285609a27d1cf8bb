import { createHash } from "node:crypto";
import { join } from "node:path";

/** A worker's own folder below the cache: two workers of one user share the cache, but neither films nor results. */
export function ownFolder(cache_path: string, kind: "films" | "work", worker_id: string): string {
  const hash = createHash("sha256").update(worker_id).digest("hex").slice(0, 8);
  return join(cache_path, kind, `${worker_id.replace(/[^0-9A-Za-z_-]/g, "_").slice(0, 40)}-${hash}`);
}
