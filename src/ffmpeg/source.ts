import { open } from "node:fs/promises";
import { messageOf, systemCode, VcError } from "../shared/errors.ts";
import { isStream } from "./guard.ts";
import { joinedFile } from "./joined.ts";
import { headStream, readStream } from "./source-stream.ts";

/** A source of which some bytes are wanted. Fewer bytes than asked for are there only at its end. */
export type OpenSource = {
  size: number;
  read(of: { at: number; length: number }): Promise<Buffer>;
  close(): Promise<void>;
};

/**
 * Opens a file or a stream; null where it is gone. Throws VcError("storage") if a file cannot be read,
 * VcError("unreachable") if a stream cannot.
 */
export async function openSource(source: string): Promise<OpenSource | null> {
  return isStream(source) ? openStream(source) : openFile(joinedFile(source)?.path ?? source);
}

async function openStream(url: string): Promise<OpenSource | null> {
  const { status, size } = await headStream(url).catch(lost);
  if (status === STREAM_GONE) return null;
  if (status !== 200 || size === null) throw lostStream(`it answers with ${status}`);
  let block: { at: number; bytes: Buffer } = { at: 0, bytes: Buffer.alloc(0) };
  return {
    size,
    async read({ at, length }) {
      const end = Math.min(size, at + length);
      if (at >= end) return Buffer.alloc(0);
      if (at < block.at || end > block.at + block.bytes.length) {
        const wanted = Math.min(size - at, Math.max(length, BLOCK_BYTES));
        block = { at, bytes: await readStream({ url, at, length: wanted }).catch(lost) };
        if (block.bytes.length < wanted) throw lostStream("it ended early");
      }
      return block.bytes.subarray(at - block.at, end - block.at);
    },
    close: async () => undefined,
  };
}

/** Headers are read a few bytes at a time. */
const BLOCK_BYTES = 65_536;

function lost(cause: unknown): never {
  throw lostStream(messageOf(cause), cause);
}

/** How a stream answers once its source has been replaced by another, and once it is gone, for good. */
export const STREAM_CHANGED = 409;
export const STREAM_GONE = 410;

/** What says nothing about the film: it is to be tried again. */
export function lostStream(why: string, cause?: unknown): VcError {
  return new VcError("unreachable", `The stream of the source broke off: ${why}.`, { cause });
}

async function openFile(path: string): Promise<OpenSource | null> {
  try {
    const file = await open(path, "r");
    const { size } = await file.stat();
    return {
      size,
      async read({ at, length }) {
        const { buffer, bytesRead } = await file
          .read(Buffer.alloc(length), 0, length, at)
          .catch(failed(path));
        return buffer.subarray(0, bytesRead);
      },
      close: () => file.close(),
    };
  } catch (cause) {
    return systemCode(cause) === "ENOENT" ? null : failed(path)(cause);
  }
}

function failed(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new VcError("storage", `${path} cannot be read (${systemCode(cause) ?? cause}).`, { cause });
  };
}
