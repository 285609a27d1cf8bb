import { bytePath } from "../../../shared/endpoints-transfer.ts";
import type { JobOrder } from "../../../shared/job.ts";
import type { Logger } from "../../../shared/log.ts";
import { pause } from "../connection.ts";
import type { AttemptResult } from "../messages.ts";
import type { Done, KeptResults } from "./kept-results.ts";
import { endingOf } from "./outcome.ts";
import { persist } from "./persist.ts";
import { createPieceSize, MOST_UPLOAD_BYTES } from "./piece-size.ts";
import type { TransferParts } from "./transfers.ts";
import { createUpload, type Upload, type UploadCalls } from "./upload.ts";

type Delivery = Pick<TransferParts, "bytes" | "connection" | "config" | "warnings"> & {
  kept: KeptResults;
  order: JobOrder;
  /** Where the film lies; the files beside it have longer names. */
  target: string;
  log: Logger;
  signal: AbortSignal;
  onProgress(percent: number): void;
};

/**
 * Brings a finished film, and what lies beside it, to the master, however long that takes. Resolves with the result that
 * says their hashes, or with what became of the attempt. Rejects when `signal` ends it: then the film and its record are
 * on the disk, also where `signal` was aborted before.
 */
export async function deliver(of: Delivery, result: Done): Promise<AttemptResult | { outcome: "stopped" }> {
  const { order, target, signal } = of;
  const total = result.beside.reduce((sum, { size }) => sum + size, result.size);
  let before = 0;
  const send = async (suffix: string, size: number) => {
    const upload = uploadOf({ ...of, path: target + suffix, suffix });
    const sha256 = await upload.finish((done) => of.onProgress((100 * (before + done)) / total));
    before += size;
    return sha256;
  };
  try {
    await of.kept.keep(order, result);
  } catch (error) {
    return endingOf(error);
  }
  try {
    const sha256 = await send("", result.size);
    const beside: Done["beside"] = [];
    for (const one of result.beside) beside.push({ ...one, sha256: await send(one.suffix, one.size) });
    return { ...result, sha256, beside };
  } catch (error) {
    signal.throwIfAborted();
    return endingOf(error);
  }
}

/** The way to the master of one file at `path`; `suffix` is what its staging name has behind the film's. */
export function uploadOf(
  of: Omit<Delivery, "kept" | "target" | "onProgress"> & { path: string; suffix: string },
): Upload {
  const { bytes, connection, warnings, order, log, signal } = of;
  const limit = of.config.storage.bandwidth_limit;
  const pieceSize = createPieceSize(MOST_UPLOAD_BYTES, limit);
  const whose = { worker_id: connection.who.worker_id, job_id: order.id, attempt: order.attempt };
  const staging = order.staging + of.suffix;
  const warn = (why: string | null) => {
    const text = `${order.source_rel} cannot be sent to the master yet, trying on: ${why}`;
    warnings.set(`upload.${staging}`, why === null ? null : text);
  };
  // A finished film waits for its master, and for room there, for as long as the attempt lives.
  const insist = <T>(step: () => Promise<T>) =>
    persist(step, { signal, stall_ms: 0, pieceSize, log, onTrouble: warn });
  const calls: UploadCalls = {
    async begin(wish) {
      const reply = await insist(() => connection.call("upload", { ...whose, staging, ...wish }, { signal }));
      return reply.offset;
    },
    async send({ rewrite, ...piece }) {
      const path = bytePath("output", { ...whose, staging, ...(rewrite ? { rewrite } : {}) });
      const answer = await bytes.patch(path, piece, signal);
      pieceSize.succeeded();
      return answer;
    },
    persist: insist,
    wait: (ended) =>
      pause(FOLLOW_INTERVAL_MS, AbortSignal.any([signal, ended])).catch(() => signal.throwIfAborted()),
  };
  const upload = createUpload({ path: of.path, log_path: `${of.path}.log`, calls, pieceSize });
  return {
    follow: (how) => upload.follow(how).finally(() => warn(null)),
    finish: (onProgress) => upload.finish(onProgress).finally(() => warn(null)),
  };
}

/** How often to look how far the encoder has come. */
const FOLLOW_INTERVAL_MS = 500;
