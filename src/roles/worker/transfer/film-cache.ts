import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { extname, join } from "node:path";
import type { JobOrder } from "../../../shared/job.ts";

/** A place in the cache, in use until it is let go. */
export type CachePlace = {
  /** Where the whole film lies, or is to lie. */
  film: string;
  /** Where it lies while it is incomplete. */
  part: string;
  /** The pieces that have arrived in `part`; it stays, as the hashes of the film. */
  log: string;
  /** Which file has arrived as `film`; touched whenever it is used. */
  record: string;
  letGo(): void;
};

export type FilmCache = {
  /**
   * A place for the source of an order, once others have made room for it. Null where it cannot be had: the film is larger
   * than the cache, or other films in use fill it.
   */
  take(order: Pick<JobOrder, "source_path" | "source_size" | "source_mtime_ns">): Promise<CachePlace | null>;
};

/** Films that were fetched, at most `most_bytes` of them; the least recently used one goes first, never one in use. */
export function createFilmCache(of: { folder: string; most_bytes: number; now_ms: () => number }): FilmCache {
  const { folder, most_bytes } = of;
  const remove = async (names: readonly string[]) => {
    for (const name of names) await rm(join(folder, name), { force: true });
  };
  /** By key: bytes that it has or will have. */
  const used = new Map<string, number>();
  return {
    async take(order) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const key = keyOf(order);
      if (used.has(key)) return null;
      const entries = await entriesOf(folder);
      const evicted = evict(entries, { wanted: { key, bytes: order.source_size }, used, most_bytes });
      if (evicted === null) {
        // The limit may have been lowered since they came.
        await remove(evict(entries, { wanted: { key, bytes: 0 }, used, most_bytes }) ?? []);
        return null;
      }
      used.set(key, order.source_size);
      await remove(evicted);
      const at = join(folder, key);
      const film = at + safeExtension(order.source_path);
      const place = { film, part: `${at}.part`, log: `${at}.log`, record: `${at}.record` };
      const now = new Date(of.now_ms());
      // The film's own times tell whether it is still the one that arrived.
      await utimes(place.record, now, now).catch(() => {});
      return { ...place, letGo: () => void used.delete(key) };
    },
  };
}

/** A file of the cache; those of one film share its key. */
export type CacheEntry = { name: string; key: string; bytes: number; used_ms: number };

/**
 * The names to delete so that a film fits, the least recently used first; null where that is not enough. What is in use
 * counts with the size that it will have.
 */
export function evict(
  entries: readonly CacheEntry[],
  of: { wanted: { key: string; bytes: number }; used: ReadonlyMap<string, number>; most_bytes: number },
): string[] | null {
  const { wanted, used } = of;
  let size = wanted.bytes + [...used.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (size > of.most_bytes) return null;
  const idle = entries.filter(({ key }) => key !== wanted.key && !used.has(key));
  size += bytesOf(idle);
  const gone: string[] = [];
  const lastUse = (files: CacheEntry[]) => Math.max(...files.map(({ used_ms }) => used_ms));
  const films = [...Map.groupBy(idle, ({ key }) => key).values()];
  for (const files of films.toSorted((a, b) => lastUse(a) - lastUse(b))) {
    if (size <= of.most_bytes) break;
    gone.push(...files.map(({ name }) => name));
    size -= bytesOf(files);
  }
  return gone;
}

function bytesOf(files: readonly CacheEntry[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Only what this cache has made: whatever else lies in the folder is none of its business. */
const NAME = /^([0-9a-f]{32})(?:\.[0-9a-z]{1,10})?$/;

async function entriesOf(folder: string): Promise<CacheEntry[]> {
  const found: CacheEntry[] = [];
  for (const name of await readdir(folder)) {
    const key = NAME.exec(name)?.[1];
    const seen = key === undefined ? null : await stat(join(folder, name)).catch(() => null);
    if (key === undefined || seen === null || !seen.isFile()) continue;
    found.push({ name, key, bytes: seen.size, used_ms: seen.atimeMs });
  }
  return found;
}

/** Another version of a film is another film. */
function keyOf(order: Pick<JobOrder, "source_path" | "source_size" | "source_mtime_ns">): string {
  const { source_path, source_size, source_mtime_ns } = order;
  const text = JSON.stringify([source_path, source_size, source_mtime_ns]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** ffmpeg tells some formats by their names. */
function safeExtension(path: string): string {
  const extension = extname(path).toLowerCase();
  return /^\.[0-9a-z]{1,10}$/.test(extension) && ![".part", ".log", ".record"].includes(extension)
    ? extension
    : ".film";
}
