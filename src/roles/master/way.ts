import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../shared/errors.ts";
import { hasPathsOfOpenFolders, pathOfOpenFile } from "../../shared/platform.ts";

/** A folder that was reached through real folders only. */
export type Way = {
  /** Where names in it are looked up: on Linux this very folder, also when another is put in its place meanwhile. */
  path: string;
  close(): Promise<void>;
};

/**
 * Opens the folder `rel` ('/'-separated, "." for the base itself) below a base, and makes what is missing of it, unless
 * the tree is to stay "as it is". A symlink among its folders could lead anywhere, so it is never followed: `symlink` is
 * how far the way went, that link included. Elsewhere than on Linux, one that is put there at this very moment may go
 * unnoticed. Throws the system's errors.
 */
export async function openWay(
  base: string,
  rel: string,
  missing: "made" | "as it is" = "made",
): Promise<Way | { symlink: string }> {
  let folder = await openFolder(base, 0);
  let gone = "";
  for (const name of rel.split("/").filter((part) => part !== ".")) {
    gone = gone === "" ? name : `${gone}/${name}`;
    const next = await step(folder, name, missing).finally(folder.close);
    if (next === null) return { symlink: gone };
    folder = next;
  }
  return folder;
}

async function openFolder(path: string, flags: number): Promise<Way> {
  if (!hasPathsOfOpenFolders()) return { path, close: async () => undefined };
  const folder: FileHandle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
  return { path: pathOfOpenFile({ fd: folder.fd, path }), close: () => folder.close() };
}

/** One folder further; null where a symlink stands. */
async function step(folder: Way, name: string, missing: "made" | "as it is"): Promise<Way | null> {
  const path = join(folder.path, name);
  if (missing === "made") {
    await mkdir(path).catch((error) => {
      if (systemCode(error) !== "EEXIST") throw error;
    });
  }
  const isLink = async () => (await lstat(path)).isSymbolicLink();
  if (await isLink()) return null;
  try {
    return await openFolder(path, constants.O_NOFOLLOW);
  } catch (error) {
    // It may have become one since; a file in its place is another matter.
    if (await isLink()) return null;
    throw error;
  }
}
