import { posix, win32 } from "node:path";

/** Where a folder of the master's is on this machine. */
export type PathPair = { master: string; worker: string };

/**
 * The path here of a path of the master's, by the pair with the longest `master` that contains it; null where none
 * does. Both sides may be of either system: a path is read and built as its own pair writes it.
 */
export function mapPath(map: readonly PathPair[], path: string): string | null {
  const ways = map.flatMap(({ master, worker }) => {
    const below = partsBelow(master, path);
    return below === null ? [] : [{ worker, below }];
  });
  const [best] = ways.toSorted((a, b) => a.below.length - b.below.length);
  if (best === undefined) return null;
  if (!isWindowsPath(best.worker)) return posix.join(best.worker, ...best.below);
  // A name of the master's with a backslash in it would lead elsewhere there.
  return best.below.some((part) => part.includes("\\")) ? null : win32.join(best.worker, ...best.below);
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
