import { createHash } from "node:crypto";
import { open, readFile, rm, stat, statfs, writeFile } from "node:fs/promises";

/** What is done with files of a mount. Each rejects with the system's errors: ETIMEDOUT where the mount hangs. */
export type MountFiles = {
  /** Makes the file; one that is there already is an error. */
  write(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
  /** `head_sha256`: of the first 64 KiB; empty for what is no file. */
  look(path: string): Promise<{ is_file: boolean; size: number; head_sha256: string }>;
  remove(path: string): Promise<void>;
  /** The disk that a folder lies on. */
  room(folder: string): Promise<{ size_bytes: number; free_bytes: number }>;
};

const HEAD_BYTES = 65_536;

/** Done by this process. A mount that hangs keeps a thread of it for ever, and two of them are all that it may have. */
export const filesHere: MountFiles = {
  write: (path, text) => writeFile(path, text, { flag: "wx", mode: 0o644 }),
  read: (path) => readFile(path, "utf8"),
  async look(path) {
    const seen = await stat(path);
    // To open a pipe would take for ever.
    const is_file = seen.isFile();
    return { is_file, size: seen.size, head_sha256: is_file ? await headHash(path) : "" };
  },
  remove: (path) => rm(path, { force: true }),
  async room(folder) {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { size_bytes: blocks * bsize, free_bytes: bavail * bsize };
  },
};

async function headHash(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("hex");
  } finally {
    await file.close();
  }
}
