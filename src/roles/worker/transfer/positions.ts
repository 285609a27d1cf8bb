import type { FileHandle } from "node:fs/promises";

/** The bytes of a file from `at` on. Throws an Error where it has fewer. */
export async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  // It is filled at once.
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new Error(`a file ends before its byte ${at + length}`);
    done += bytesRead;
  }
  return bytes;
}

export async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
