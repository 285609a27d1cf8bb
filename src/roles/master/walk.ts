import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import { pathBelow } from "./naming.ts";

export type WalkOptions = {
  root_path: string;
  /** 0: only root_path itself; -1: without limit. */
  recursive_depth: number;
  /** Whether a file's name says that it is a film. */
  isFilm(name: string): boolean;
  /** A folder below the root to leave out, '/'-separated and relative to it; null for none. */
  excluded_rel: string | null;
};
export type SeenFile = {
  source_rel: string;
  size: number;
  /** Nanoseconds as text. */
  mtime_ns: string;
  /** The later of modification and change of metadata, Unix milliseconds. */
  changed_ms: number;
};
/** One folder: its films, and what of it could not be read (itself, or single films) or named, as text for people. */
export type SeenFolder = {
  files: SeenFile[];
  unreadable: string[];
  unreadable_files: string[];
  unnameable: string[];
};

type Place = { rel: string; depth: number };

/** Kernel calls at once in one folder; more gain nothing on a local disk and hide the latency of a remote one. */
const PARALLEL_STATS = 128;
/** The system looks into the next ones while the database takes in the films of the first. */
const PARALLEL_FOLDERS = 8;

/**
 * Walks a tree folder by folder without blocking. Hidden entries are left out and symlinks not followed. What
 * cannot be read is named in its folder's record; only a root that cannot be read throws (VcError "storage").
 */
export async function* walk(options: WalkOptions): AsyncGenerator<SeenFolder> {
  const places: Place[] = [{ rel: "", depth: 0 }];
  const begun: Promise<SeenFolder>[] = [];
  for (;;) {
    while (begun.length < PARALLEL_FOLDERS) {
      const place = places.pop();
      if (place === undefined) break;
      begun.push(lookIntoFolder(options, place, places));
    }
    const oldest = begun.shift();
    if (oldest === undefined) return;
    yield await oldest;
  }
}

/** Enters the folders below in `places` before it resolves. */
async function lookIntoFolder(options: WalkOptions, place: Place, places: Place[]): Promise<SeenFolder> {
  const seen = emptyFolder();
  const entries = await readFolder(options, place);
  if (!Array.isArray(entries)) return { ...seen, unreadable: [entries.failure] };
  const sorted = sortEntries(options, place, entries);
  places.push(...sorted.folders);
  if (sorted.garbled) seen.unnameable = await unnameableIn(options, place);
  await lookAtFiles(options.root_path, sorted.films, seen);
  return seen;
}

/** The present size and times of one source; null when it is gone or no regular file. Throws the system's errors. */
export async function lookAtFile(root_path: string, source_rel: string): Promise<SeenFile | null> {
  try {
    const stat = await lstat(pathBelow(root_path, source_rel), { bigint: true });
    if (!stat.isFile()) return null;
    const changed_ns = stat.mtimeNs > stat.ctimeNs ? stat.mtimeNs : stat.ctimeNs;
    return {
      source_rel,
      size: Number(stat.size),
      mtime_ns: String(stat.mtimeNs),
      changed_ms: Number(changed_ns / 1_000_000n),
    };
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return null;
    throw error;
  }
}

export function emptyFolder(): SeenFolder {
  return { files: [], unreadable: [], unreadable_files: [], unnameable: [] };
}

async function readFolder(options: WalkOptions, place: Place): Promise<Dirent[] | { failure: string }> {
  const path = join(options.root_path, place.rel);
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (cause) {
    if (place.rel !== "" && systemCode(cause) === "ENOENT") return [];
    if (place.rel !== "") return { failure: `${place.rel}/ (${systemCode(cause) ?? messageOf(cause)})` };
    const message = `scanner.root_path ${path} cannot be read: ${messageOf(cause)}. Is the volume mounted?`;
    throw new VcError("storage", message, { cause });
  }
}

/** A name that is not UTF-8 arrives with U+FFFD in it and cannot be opened; the folder is read again for those. */
function sortEntries(options: WalkOptions, place: Place, entries: Dirent[]) {
  const folders: Place[] = [];
  const films: string[] = [];
  let garbled = false;
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (entry.name.includes("\uFFFD")) garbled = true;
    const rel = place.rel === "" ? entry.name : `${place.rel}/${entry.name}`;
    if (entry.isDirectory()) {
      const deep = options.recursive_depth !== -1 && place.depth >= options.recursive_depth;
      if (!deep && rel !== options.excluded_rel) folders.push({ rel, depth: place.depth + 1 });
    } else if (!entry.isSymbolicLink() && options.isFilm(entry.name)) {
      films.push(rel);
    }
  }
  return { folders, films, garbled };
}

/** Looks at each, some at once, and enters what it finds in `seen`. A file that is gone again is left out. */
export async function lookAtFiles(root_path: string, films: string[], seen: SeenFolder): Promise<void> {
  for (let i = 0; i < films.length; i += PARALLEL_STATS) {
    const looks = films.slice(i, i + PARALLEL_STATS).map(async (rel) => {
      try {
        return await lookAtFile(root_path, rel);
      } catch (error) {
        enterFailure(seen, rel, systemCode(error) ?? messageOf(error));
        return null;
      }
    });
    for (const file of await Promise.all(looks)) if (file !== null) seen.files.push(file);
  }
}

/** lstat needs no right on the file itself: what it may not do is enter the folder. */
function enterFailure(seen: SeenFolder, rel: string, why: string): void {
  const folder = `${dirname(rel)}/ (${why})`;
  if (why !== "EACCES") seen.unreadable_files.push(`${rel} (${why})`);
  else if (!seen.unreadable.includes(folder)) seen.unreadable.push(folder);
}

/** Folders and films whose names are no UTF-8, shown with %XX for each byte that is not ASCII. */
async function unnameableIn(options: WalkOptions, place: Place): Promise<string[]> {
  const folder = join(options.root_path, place.rel);
  const names = await readdir(folder, { encoding: "buffer" }).catch(() => []);
  const found: string[] = [];
  for (const name of names.filter((bytes) => !isUtf8(bytes))) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
    const stat = await lstat(path).catch(() => null);
    const shown = [...name]
      .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `%${byte.toString(16)}`))
      .join("");
    if (stat?.isDirectory() || (stat?.isFile() && options.isFilm(shown))) {
      found.push(place.rel === "" ? shown : `${place.rel}/${shown}`);
    }
  }
  return found;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
