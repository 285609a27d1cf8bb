import type { BigIntStats } from "node:fs";
import { lstat, mkdir } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { systemCode, VcError } from "../../shared/errors.ts";
import { ORIGINALS_REL } from "../../shared/originals.ts";
import { remove, statOf } from "./files.ts";
import { openWay, type Way } from "./way.ts";

/** Nobody else looks into it: the folders in which the films lay may have been closed ones. */
const MODE = 0o700;

/**
 * Makes the folder in which an original is to lie, `rel` below root_path. .vc is open to all, so what was put there under
 * the quarantine's name by others is refused. Throws VcError("storage"), and the system's errors.
 */
export async function makeQuarantine(root_path: string, rel: string): Promise<void> {
  const folder = join(root_path, ORIGINALS_REL);
  await mkdir(folder, { mode: MODE }).catch((error) => {
    if (systemCode(error) !== "EEXIST") throw error;
  });
  const stat = await lstat(folder);
  const mine = process.geteuid === undefined || stat.uid === process.geteuid();
  if (!stat.isDirectory() || !mine) {
    const message = `${folder} is no folder of this master's own, so no original is put there. Move it away.`;
    throw new VcError("storage", message);
  }
  await mkdir(dirname(join(root_path, rel)), { recursive: true, mode: MODE });
}

/**
 * Hands paths of files below a root to `act`, whose folders were reached through real folders only and stay what they are
 * meanwhile; missing ones are made. Null where a symlink stands in the way of one. Throws the system's errors.
 */
export async function throughRealFolders<T, P extends readonly string[]>(
  root_path: string,
  rels: P,
  act: (...paths: { [K in keyof P]: string }) => Promise<T>,
): Promise<T | null> {
  const ways: Way[] = [];
  try {
    const paths: string[] = [];
    for (const rel of rels) {
      const way = await openWay(root_path, posix.dirname(rel));
      if ("symlink" in way) return null;
      ways.push(way);
      paths.push(join(way.path, posix.basename(rel)));
    }
    return await act(...(paths as { [K in keyof P]: string }));
  } finally {
    for (const way of ways) await way.close();
  }
}

/**
 * What lies under a name below a root. Null when nothing does, or can (the name is too long), or behind a symlink, which
 * could lead anywhere. Throws the system's errors.
 */
export function statBelow(root_path: string, rel: string): Promise<BigIntStats | null> {
  return inRealFolder(root_path, rel, statOf).catch((error) => {
    if (systemCode(error) !== "ENAMETOOLONG") throw error;
    return null;
  });
}

/** Takes a file below a root away; false where there is no such folder, or a symlink in the way. Throws the system's errors. */
export async function removeBelow(root_path: string, rel: string): Promise<boolean> {
  const removed = await inRealFolder(root_path, rel, async (path) => {
    await remove(path);
    return true;
  });
  return removed === true;
}

/** As `throughRealFolders`, for one path whose folders are not made where they are missing: then null, too. */
export async function inRealFolder<T>(
  root_path: string,
  rel: string,
  act: (path: string) => Promise<T>,
): Promise<T | null> {
  const way = await openWay(root_path, posix.dirname(rel), "as it is").catch((error) => {
    if (systemCode(error) !== "ENOENT" && systemCode(error) !== "ENOTDIR") throw error;
    return null;
  });
  if (way === null || "symlink" in way) return null;
  try {
    return await act(join(way.path, posix.basename(rel)));
  } finally {
    await way.close();
  }
}
