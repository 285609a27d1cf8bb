import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { systemCode } from "../../../shared/errors.ts";
import type { CachePlace } from "./film-cache.ts";

/**
 * Whether the film in a place of the cache is the file that arrived there, so that it need not be read to be trusted: of
 * the same inode, size and time as was recorded then. Whoever writes into it changes its ctime.
 */
export async function isAsItCame(place: CachePlace, size: number): Promise<boolean> {
  const [now, then] = await Promise.all([identityOf(place), readFile(place.record, "utf8").catch(() => "")]);
  return now !== null && now.size === `${size}` && JSON.stringify(now) === then;
}

/** Records which file has arrived. */
export async function recordArrival(place: CachePlace): Promise<void> {
  await writeFile(place.record, JSON.stringify(await identityOf(place)), { mode: 0o600 });
}

/** A film that is not what arrived becomes a download again, whose pieces are compared with their hashes. */
export async function takeBack(place: CachePlace): Promise<void> {
  await rename(place.film, place.part).catch((error: unknown) => {
    if (systemCode(error) !== "ENOENT") throw error;
  });
}

async function identityOf({
  film,
}: CachePlace): Promise<Record<"inode" | "size" | "mtime_ns" | "ctime_ns", string> | null> {
  const seen = await stat(film, { bigint: true }).catch(() => null);
  if (seen === null || !seen.isFile()) return null;
  const { ino, size, mtimeNs, ctimeNs } = seen;
  return { inode: `${ino}`, size: `${size}`, mtime_ns: `${mtimeNs}`, ctime_ns: `${ctimeNs}` };
}
