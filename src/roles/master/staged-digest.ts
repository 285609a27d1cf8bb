import type { FileHandle } from "node:fs/promises";
import { VcError } from "../../shared/errors.ts";
import type { PublishFailure, PublishIntent } from "./coordinator.ts";
import { pathsOf } from "./place.ts";
import { openStagedFile } from "./staging-file.ts";
import type { Storage } from "./storage.ts";

/** Hashed between two looks at everything else: a millisecond's work. */
const PORTION_BYTES = 1024 * 1024;

/**
 * Compares staged files with the SHA-256 that their worker told of them, once they are safe on the disk; null where they
 * are the same. What is not there (any more) is the next step's business. Throws the system's errors, and
 * VcError("unavailable") where the master stops meanwhile.
 */
export async function digestFailure(of: {
  storage: Storage;
  intent: PublishIntent;
  signal: AbortSignal;
}): Promise<PublishFailure | null> {
  for (const output of of.intent.outputs) {
    if (output.sha256 === undefined) continue;
    const file = await openStagedFile(pathsOf(of.storage, of.intent, output).staged);
    if (file === null) continue;
    try {
      await file.sync();
      const found = await hashOf(file, of.signal);
      if (found !== output.sha256.toLowerCase()) return notWhatWasSent(output.staging);
    } finally {
      await file.close();
    }
  }
  return null;
}

async function hashOf(file: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  const portion = Buffer.allocUnsafeSlow(PORTION_BYTES);
  for (let at = 0; ; ) {
    if (signal.aborted)
      throw new VcError("unavailable", "the master stops; the result is published after its next start.");
    const { bytesRead } = await file.read(portion, 0, PORTION_BYTES, at);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(portion.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function notWhatWasSent(staging: string): PublishFailure {
  const message = `The result that arrived (.vc/${staging}) is not the one that its worker made: their SHA-256 differ. It was thrown away.`;
  return { outcome: "retry", reason: "verification_failed", message };
}
