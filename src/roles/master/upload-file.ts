import type { FileHandle } from "node:fs/promises";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Input } from "../../shared/protocol.ts";
import type { AttemptKey } from "./leases.ts";
import { type Promised, requireRoom } from "./room.ts";
import { makeStagingFile, openStagingFile } from "./staging-file.ts";

export type Piece = AttemptKey & {
  worker_id: string;
  staging: string;
  offset: number;
  length: number;
  rewrite: boolean;
};
/** `right`: how much lies there; `written` false: the piece did not fit to it. */
export type Put = { written: boolean; right: number };
/**
 * A staging file that is being uploaded: `size` it is to have, `length` it has once the piece is written that was
 * taken last. `failure`: why that could not be written, while nobody was told.
 */
export type Upload = AttemptKey & {
  staging: string;
  size: number;
  final: boolean;
  length: number;
  failure?: unknown;
};
/** `promisedBeside`: what is still to come of other uploads. */
type Place = { staging_path: string; promisedBeside(staging: string): Promised };

/** A piece follows what lies there; one that replaces bytes begins among them. */
export function fits({ offset, rewrite }: Pick<Piece, "offset" | "rewrite">, length: number): boolean {
  return rewrite ? offset < length : offset === length;
}

/** Makes the file where none is, and keeps room for what is to come. Throws VcError storage_full, storage. */
export function beginStaging(place: Place, of: Input<"upload">): Promise<Upload> {
  const { job_id, attempt, staging, size, final } = of;
  return withFile(makeStagingFile(place.staging_path, staging), async (file) => {
    const found = await lengthOf(file);
    if (final && found > size) await file.truncate(size);
    const upload = { job_id, attempt, staging, size, final, length: final ? Math.min(found, size) : found };
    await keepRoom(place, upload);
    return upload;
  });
}

/**
 * Writes a piece where it belongs; `onTaken` is called when only the writing is left, but for a result's last piece.
 * Throws VcError bad_request (too long), unknown_upload, storage_full, storage.
 */
export async function putPiece(
  place: Place,
  upload: Upload,
  {
    file,
    piece,
    bytes,
    onTaken,
  }: {
    file: FileHandle;
    piece: Piece;
    bytes: Uint8Array;
    onTaken: (put: Put) => void;
  },
): Promise<Put> {
  const { size: length, nlink } = await file.stat();
  // It was opened before the piece came.
  if (nlink === 0) throw unknownUpload(upload.staging);
  upload.length = length;
  if (!fits(piece, length)) return { written: false, right: length };
  const end = piece.offset + bytes.byteLength;
  if (upload.final && end > upload.size) throw beyond(upload);
  // Also of what was promised: others may have filled the disk, or more was said than is kept.
  await keepRoom(place, { ...upload, size: end });
  upload.size = Math.max(upload.size, end);
  upload.length = Math.max(length, end);
  const put = { written: true, right: upload.length };
  const behind = !upload.final || end < upload.size;
  if (behind) onTaken(put);
  await writeWhole(file, bytes, piece.offset).catch(async (error: unknown) => {
    upload.length = length;
    if (behind) upload.failure = inWords(error);
    // Half a piece at the end would be taken for a whole one.
    await file.truncate(length);
    throw error;
  });
  return put;
}

/** Opens an upload's file while its piece still comes. Throws VcError unknown_upload, storage, and what `use` throws. */
export function withUpload<T>(
  { staging_path }: Pick<Place, "staging_path">,
  { staging }: Pick<Upload, "staging">,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  return withFile(openStagingFile(staging_path, staging), async (file) => {
    if (file === null) throw unknownUpload(staging);
    return use(file);
  });
}

async function keepRoom({ staging_path, promisedBeside }: Place, upload: Upload): Promise<void> {
  const promised = promisedBeside(upload.staging);
  await requireRoom({ path: staging_path, bytes: upload.size - upload.length, promised });
}

function beyond({ staging, size }: Upload): VcError {
  return new VcError(
    "bad_request",
    `the piece goes beyond the ${size} bytes that ${staging} was said to have.`,
  );
}

/** After a restart of the master, or where somebody took the file away. */
export function unknownUpload(staging: string): VcError {
  const message = `the master knows of no upload ${staging}: begin it (again), what lies there stays.`;
  return new VcError("unknown_upload", message);
}

async function lengthOf(file: FileHandle): Promise<number> {
  return (await file.stat()).size;
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offset + done);
    done += bytesWritten;
  }
}

async function withFile<F extends FileHandle | null, T>(
  opening: Promise<F>,
  use: (file: F) => Promise<T>,
): Promise<T> {
  try {
    const file = await opening;
    try {
      return await use(file);
    } finally {
      await file?.close();
    }
  } catch (error) {
    throw inWords(error);
  }
}

/** What the disk says is told in words for a worker. */
function inWords(cause: unknown): unknown {
  if (cause instanceof VcError || systemCode(cause) === undefined) return cause;
  if (["ENOSPC", "EDQUOT", "EFBIG"].includes(systemCode(cause) ?? "")) {
    const message = "the disk of the master's results is full. Free some space there.";
    return new VcError("storage_full", message, { cause });
  }
  return new VcError("storage", `the master cannot store the result: ${messageOf(cause)}`, { cause });
}
