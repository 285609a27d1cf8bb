import { lstat, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode, VcError } from "../../shared/errors.ts";
import { ORIGINALS_REL } from "../../shared/originals.ts";
import { statOf } from "./files.ts";

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

/** Whether the way to a file below a root leads through real folders only: a symlink could lead anywhere. */
export async function isReallyBelow(root_path: string, rel: string): Promise<boolean> {
  const folders = rel.split("/").slice(0, -1);
  for (const [index] of folders.entries()) {
    const stat = await statOf(join(root_path, ...folders.slice(0, index + 1)));
    if (stat === null || !stat.isDirectory()) return false;
  }
  return true;
}
