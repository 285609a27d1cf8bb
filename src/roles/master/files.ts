import { type BigIntStats, constants } from "node:fs";
import { copyFile, type FileHandle, link, lstat, open, rename, unlink, utimes } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { crashPoint } from "../../shared/crash-point.ts";
import { systemCode } from "../../shared/errors.ts";
import { pathOfOpenFile, syncFolder } from "../../shared/platform.ts";

/** The steps of publishing on the file system. Each can be repeated after a crash. They throw the system's errors. */

/** What lies under a name, the name itself and not where a symlink points; null when nothing does. */
export async function statOf(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return null;
    throw error;
  }
}

export function isSameFile(one: BigIntStats | null, other: BigIntStats | null): boolean {
  return one !== null && other !== null && one.ino === other.ino && one.dev === other.dev;
}

export async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

/**
 * Gives a staged file the master's owner and `output_mode`, and returns the path of the file to publish: the same,
 * or `copy` where another user's file could only be copied. The staged file goes once its copy is durable.
 */
export async function makeOwn(of: { staged: string; copy: string; output_mode: number }): Promise<string> {
  const file = await open(of.staged, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const { uid, mode, nlink } = await file.stat();
    if (nlink > 1) throw notAlone(of.staged, `has ${nlink} names (hard links)`);
    if (isMine(uid) || (await takeOver(file))) {
      // From now on nobody else can put another file under the name: the folder is sticky.
      const now = await statOf(of.staged);
      if (!isSameFile(now, await file.stat({ bigint: true }))) throw notAlone(of.staged, "was put away");
      if ((mode & 0o7777) !== of.output_mode) await setMode(file, of.output_mode);
      return of.staged;
    }
    await copyDurably(file, of);
  } finally {
    await file.close();
  }
  await remove(of.staged);
  return of.copy;
}

/** Gives a file the times of another, durably: by its time a result is known as vc's own, after a power loss too. */
export async function inheritTimes(path: string, { atimeNs, mtimeNs }: BigIntStats): Promise<void> {
  // File systems that keep no such times refuse to set them.
  await utimes(path, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9).catch(() => undefined);
  const file = await open(path, "r+").catch((error: unknown) => {
    // A read-only film's result is read-only, too.
    if (!["EACCES", "EPERM"].includes(systemCode(error) ?? "")) throw error;
    return open(path, "r");
  });
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Its other names may be those of a file that is none of a worker's business, whose owner and mode would be changed. */
function notAlone(path: string, what: string): Error {
  const message = `The file that was handed in (${path}) ${what}; the result was thrown away.`;
  return Object.assign(new Error(message), { code: NOT_ALONE });
}

/** The system's own name for what is not unique. */
export const NOT_ALONE = "ENOTUNIQ";

/** Windows has no user numbers: there, files belong to whom the folder's rules say. */
function isMine(uid: number): boolean {
  return process.geteuid === undefined || process.geteuid() === uid;
}

/** Only root may, and on some network file systems not even root. */
async function takeOver(file: FileHandle): Promise<boolean> {
  if (process.geteuid?.() !== 0) return false;
  try {
    await file.chown(0, process.getegid?.() ?? 0);
    return true;
  } catch (error) {
    if (NOT_SUPPORTED.has(systemCode(error) ?? "")) return false;
    throw error;
  }
}

/** File systems that keep no permissions refuse to set them; then there are none to set. */
async function setMode(file: FileHandle, mode: number): Promise<void> {
  try {
    await file.chmod(mode);
  } catch (error) {
    if (!NOT_SUPPORTED.has(systemCode(error) ?? "")) throw error;
  }
}

/** What file systems without owners, permissions or hard links say (FAT, exFAT, some network and user-space ones). */
const NOT_SUPPORTED = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"]);

/** Copies what was opened: its owner could put a link to a file of the master's under the name by now. */
async function copyDurably(
  from: FileHandle,
  of: { staged: string; copy: string; output_mode: number },
): Promise<void> {
  await remove(of.copy);
  const source = pathOfOpenFile({ fd: from.fd, path: of.staged });
  await copyFile(source, of.copy, constants.COPYFILE_EXCL);
  const file = await open(of.copy, "r+");
  try {
    await setMode(file, of.output_mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(of.copy));
}

/**
 * Moves a file to a name that is free: false when it is not. A hard link never replaces anything; where a file
 * system has none, the name is looked at right before the rename.
 */
export async function moveToFreeName(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!NOT_SUPPORTED.has(systemCode(error) ?? "")) throw error;
    if ((await statOf(to)) !== null) return false;
    await rename(from, to);
    return true;
  }
  crashPoint("publish.linked");
  await remove(from);
  return true;
}

/** Replaces what lies at `to`. A reader sees the old file or the new one, whole. */
export const replace = rename;

/** Makes the name of a published file durable, and those of its folders up to `base`, which may be new too. */
export async function syncFoldersOf(path: string, base: string): Promise<void> {
  const names = relative(base, dirname(path)).split(sep).filter(Boolean);
  for (let count = names.length; count >= 0; count -= 1) {
    await syncFolder(join(base, ...names.slice(0, count)));
    crashPoint("publish.folder_synced");
  }
}
