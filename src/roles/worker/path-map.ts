import { posix, win32 } from "node:path";

/** Where a folder of the master's is on this machine. */
export type PathPair = { master: string; worker: string };

/** A path of the master's on this machine, and the folder of the map that it lies in. */
export type MappedPath = { path: string; folder: string };

/**
 * Where a path of the master's is here, by the pair with the longest `master` that contains it; null where none does.
 * Both sides may be of either system: a path is read and built as its own pair writes it.
 */
export function mapPath(map: readonly PathPair[], path: string): MappedPath | null {
  const ways = map.flatMap(({ master, worker }) => {
    const below = partsBelow(master, path);
    return below === null ? [] : [{ worker, below }];
  });
  const [best] = ways.toSorted((a, b) => a.below.length - b.below.length);
  if (best === undefined) return null;
  const { worker: folder, below } = best;
  if (!isWindowsPath(folder)) return { path: posix.join(folder, ...below), folder };
  // A name of the master's with a backslash in it would lead elsewhere there.
  return below.some((part) => part.includes("\\")) ? null : { path: win32.join(folder, ...below), folder };
}

/** The folders between the master's `root` and `path`, whatever system the master runs on; null where it is not below. */
export function partsBelow(root: string, path: string): string[] | null {
  const isWindows = isWindowsPath(root);
  const separator = isWindows ? /[\\/]+/ : /\/+/;
  const above = root.split(separator).filter((part) => part !== "");
  const parts = path.split(separator).filter((part) => part !== "");
  const isSame = (one: string, other = "") =>
    isWindows ? one.toLowerCase() === other.toLowerCase() : one === other;
  const isBelow =
    isWindowsPath(path) === isWindows &&
    /^(?:\/|[A-Za-z]:|\\\\)/.test(path) &&
    above.every((part, n) => isSame(part, parts[n]));
  if (!isBelow || parts.some((part) => part === ".." || part.includes("\0"))) return null;
  return parts.slice(above.length);
}

/** `/mnt/storage is /media/nas`, and so on. */
export function describeMap(map: readonly PathPair[]): string {
  return map.map(({ master, worker }) => `${master} is ${worker}`).join(", ");
}

function isWindowsPath(path: string): boolean {
  return /^[A-Za-z]:|^\\\\/.test(path);
}
