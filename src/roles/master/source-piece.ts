import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileTrouble, systemCode, VcError } from "../../shared/errors.ts";
import { pieceHash } from "../../shared/transfer.ts";
import type { HeldAttempt } from "./holding.ts";
import { requireSources, type Storage } from "./storage.ts";
import { openWay } from "./way.ts";

type Source = Pick<HeldAttempt, "source_rel" | "source_size" | "source_mtime_ns">;

/**
 * Fills `bytes` with a source's own from `from` on, and returns their hash. The file is looked at before and after, so
 * that no piece mixes two versions of it.
 * @throws VcError source_changed, source_missing, source_unreadable, storage
 */
export async function readSourcePiece(
  storage: Storage,
  source: Source,
  { from, bytes }: { from: number; bytes: Uint8Array<ArrayBuffer> },
): Promise<string> {
  return withSource(storage, source, async (file) => {
    for (let filled = 0; filled < bytes.byteLength; ) {
      const { bytesRead } = await file.read(bytes, filled, bytes.byteLength - filled, from + filled);
      if (bytesRead === 0) throw changed(source);
      filled += bytesRead;
    }
    await requireSame(file, source);
    return pieceHash(bytes);
  });
}

/** Looks whether a source is still there, and still what was claimed. Throws as readSourcePiece. */
export async function requireSource(storage: Storage, source: Source): Promise<void> {
  await withSource(storage, source, async () => undefined);
}

async function withSource<T>(
  storage: Storage,
  source: Source,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    const file = await openSource(storage, source);
    try {
      await requireSame(file, source);
      return await use(file);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof VcError || systemCode(cause) === undefined) throw cause;
    const code = systemCode(cause) ?? "";
    if (!GONE.has(code) && !DENIED.has(code)) {
      const message = `the source ${source.source_rel} cannot be read: ${fileTrouble(cause)}`;
      throw new VcError("storage", message, { cause });
    }
    // A film that is gone, or closed, is one thing, such a volume another.
    await requireSources(storage);
    if (DENIED.has(code)) throw unreadable(source, cause);
    throw new VcError("source_missing", `the source ${source.source_rel} is gone.`, { cause });
  }
}

/** ELOOP: a symlink stands under its name. */
const GONE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EMLINK"]);

const DENIED = new Set(["EACCES", "EPERM"]);

async function openSource({ root_path }: Storage, { source_rel }: Source): Promise<FileHandle> {
  const way = await openWay(root_path, posix.dirname(source_rel), "as it is");
  if ("symlink" in way) {
    throw new VcError("source_missing", `the source ${source_rel} is gone: ${way.symlink} is a symlink.`);
  }
  try {
    // A pipe under its name must not hold the master up.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    return await open(join(way.path, posix.basename(source_rel)), flags);
  } finally {
    await way.close();
  }
}

async function requireSame(file: FileHandle, source: Source): Promise<void> {
  const stat = await file.stat({ bigint: true });
  const same = stat.size === BigInt(source.source_size) && String(stat.mtimeNs) === source.source_mtime_ns;
  if (!stat.isFile() || !same) throw changed(source);
}

function changed({ source_rel }: Source): VcError {
  return new VcError("source_changed", `the source ${source_rel} has changed since it was claimed.`);
}

function unreadable({ source_rel }: Source, cause: unknown): VcError {
  const uid = process.geteuid?.();
  const user = uid === undefined ? "The master's user" : `The master's user (uid ${uid})`;
  const message = `${user} may not read the source ${source_rel}: give it the right to.`;
  return new VcError("source_unreadable", message, { cause });
}
