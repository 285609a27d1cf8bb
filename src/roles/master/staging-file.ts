import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../shared/errors.ts";
import { remove } from "./files.ts";

/**
 * The files into which uploads go, in OUTPUT_BASE/.vc. Others may make files there, so only the master's own regular
 * files count, which nobody else can exchange (the folder is sticky). They throw the system's errors.
 */

/** Opens a staging file, and makes it where none is; what is none of the master's own is removed first. */
export async function makeStagingFile(staging_path: string, name: string): Promise<FileHandle> {
  const known = await openStagingFile(staging_path, name);
  if (known !== null) return known;
  const path = join(staging_path, name);
  await remove(path);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  return open(path, flags, 0o600);
}

/** Opens a staging file; null where none lies that is the master's own. */
export async function openStagingFile(staging_path: string, name: string): Promise<FileHandle | null> {
  const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(join(staging_path, name), flags).catch((error: unknown) => {
    if (STRANGE.has(systemCode(error) ?? "")) return null;
    throw error;
  });
  if (file === null || (await isOwn(file))) return file;
  await file.close();
  return null;
}

/** Nothing, a symlink, a folder, a socket, or another user's file. */
const STRANGE = new Set(["ENOENT", "ELOOP", "EMLINK", "EISDIR", "ENXIO", "EACCES", "EPERM"]);

/** Opens a staged file to look at it, whoever made it; null where no regular file lies under its name. */
export async function openStagedFile(path: string): Promise<FileHandle | null> {
  const flags = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, constants.O_RDWR | flags)
    .catch(() => open(path, constants.O_RDONLY | flags))
    .catch((error: unknown) => {
      if (["ENOENT", "ELOOP", "EMLINK", "EISDIR", "ENXIO"].includes(systemCode(error) ?? "")) return null;
      throw error;
    });
  if (file === null || (await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

async function isOwn(file: FileHandle): Promise<boolean> {
  const stat = await file.stat();
  // Windows has no user numbers.
  const mine = process.geteuid === undefined || stat.uid === process.geteuid();
  return stat.isFile() && stat.nlink === 1 && mine;
}
