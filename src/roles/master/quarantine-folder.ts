import { lstat, mkdir } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { systemCode, VcError } from "../../shared/errors.ts";
import { ORIGINALS_REL } from "../../shared/originals.ts";
import { statOf } from "./files.ts";
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

/** Whether the way to a file below a root leads through real folders only: a symlink could lead anywhere. */
export async function isReallyBelow(root_path: string, rel: string): Promise<boolean> {
  const folders = rel.split("/").slice(0, -1);
  for (const [index] of folders.entries()) {
    const stat = await statOf(join(root_path, ...folders.slice(0, index + 1)));
    if (stat === null || !stat.isDirectory()) return false;
  }
  return true;
}
