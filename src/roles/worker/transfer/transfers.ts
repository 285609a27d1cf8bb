import { statfs } from "node:fs/promises";
import { dirname, extname } from "node:path";
import type { WorkerConfig } from "../../../shared/config-worker.ts";
import { bytePath } from "../../../shared/endpoints-transfer.ts";
import type { JobOrder } from "../../../shared/job.ts";
import type { Logger } from "../../../shared/log.ts";
import type { Connection } from "../connection.ts";
import { type Execution, ended } from "../executor.ts";
import { roomNeeded } from "../fitness.ts";
import type { Undertaking } from "../undertaking.ts";
import type { Warnings } from "../warnings.ts";
import type { ByteCalls } from "./byte-calls.ts";
import { deliver, uploadOf } from "./deliver.ts";
import { download } from "./download.ts";
import { createFilmCache, type FilmCache } from "./film-cache.ts";
import type { KeptResult, KeptResults } from "./kept-results.ts";
import { proveFolder } from "./own-folder.ts";
import { persist } from "./persist.ts";
import { createPieceSize, FIRST_STREAM_BYTES, MOST_STREAM_BYTES, streamCacheSize } from "./piece-size.ts";
import { executeRemote, type Obtained } from "./remote-execution.ts";
import { createSourceReader } from "./source-reader.ts";
import { createStreamEndpoint, type StreamEndpoint } from "./stream-endpoint.ts";

/** Films that come over HTTP, and results that go back so. */
export type Transfers = {
  /** Makes the folders that are needed, and proves them. Resolves with that for results. Throws VcError failed. */
  workFolder(kind: "stream" | "download"): Promise<string>;
  /** Where the film of an order is to be made. Throws for a staging file that is not the attempt's. */
  target(order: JobOrder): string;
  /** `begin` starts the attempt's process once its source can be opened. */
  undertake(
    order: JobOrder,
    how: {
      kind: "stream" | "download";
      log: Logger;
      begin(source: Obtained): Execution;
      release(): void;
    },
  ): Undertaking;
  /** Hands in a finished film of an earlier process of this worker. */
  resume(kept: KeptResult, log: Logger): Undertaking;
  stop(): Promise<void>;
};

export type TransferParts = {
  config: Pick<WorkerConfig, "storage" | "worker">;
  connection: Connection;
  bytes: ByteCalls;
  kept: KeptResults;
  /** The folder for downloaded films. */
  films_path: string;
  warnings: Pick<Warnings, "set">;
};

export function createTransfers(parts: TransferParts): Transfers {
  const { kept } = parts;
  const { max_cache_size: most_bytes } = parts.config.storage;
  const cache = createFilmCache({ folder: parts.films_path, most_bytes, now_ms: Date.now });
  const endpoint = createStreamEndpoint();
  const tools: Tools = { ...parts, cache, endpoint };
  return {
    async workFolder(kind) {
      if (kind === "download") await proveFolder(parts.films_path);
      return kept.open();
    },
    target: kept.target,
    undertake(order, how) {
      const target = kept.target(order);
      const { log } = how;
      const execution = executeRemote({
        obtain: (signal, onPercent) =>
          how.kind === "stream"
            ? stream(tools, { order, log, signal })
            : fetchFilm(tools, { order, log, signal, onPercent }),
        begin: (source) => namingDisk(dirname(target), how.begin(source)),
        follow: async (ended, signal) => {
          // What goes to the front of an mp4 at its end moves all the rest.
          if (order.conversion.container === "mp4") return;
          await uploadOf({ ...parts, order, path: target, suffix: "", log, signal }).follow({ ended });
        },
      });
      void execution.finished.then(() => parts.warnings.set(readingOf(order), null));
      return {
        execution,
        release: how.release,
        deliver: (result, of) => deliver({ ...parts, order, target, log, ...of }, result),
        forget: () => kept.forget(order),
      };
    },
    resume: ({ order, result }, log) => ({
      execution: ended(result),
      release: () => undefined,
      deliver: (done, of) => deliver({ ...parts, order, target: kept.target(order), log, ...of }, done),
      forget: () => kept.forget(order),
    }),
    stop: endpoint.stop,
  };
}

/** Whoever reads of a full disk must know that it is not the master's. */
export function namingDisk(folder: string, execution: Execution): Execution {
  const message = `The disk of ${folder}, where this worker makes its films, is full: make room there, or set storage.cache_path.`;
  const finished = execution.finished.then((result) =>
    result.outcome === "retry" && result.reason === "disk_full" ? { ...result, message } : result,
  );
  return { ...execution, finished };
}

type Tools = TransferParts & { cache: FilmCache; endpoint: StreamEndpoint };
type Wish = { order: JobOrder; log: Logger; signal: AbortSignal };

async function stream(tools: Tools, { order, log, signal }: Wish): Promise<Obtained> {
  const closing = new AbortController();
  const either = AbortSignal.any([signal, closing.signal]);
  const reader = createSourceReader({
    size: order.source_size,
    cache_bytes: streamCacheSize(tools.config.worker.concurrency),
    fetch: pieces(tools, { order, log, signal: either }, MOST_STREAM_BYTES),
  });
  // It travels while the attempt's process starts.
  reader.ahead(0, FIRST_STREAM_BYTES);
  const open = tools.endpoint.open({ extension: extname(order.source_rel), reader });
  const close = () => {
    open.close();
    closing.abort();
  };
  return { path: open.url, root: "", failed: reader.failed, close };
}

/** Where the film fits neither into the cache nor on the disk, it is streamed. */
async function fetchFilm(
  tools: Tools,
  wish: Wish & { onPercent: (percent: number) => void },
): Promise<Obtained> {
  const { order, log, signal } = wish;
  const place = await tools.cache.take(order);
  if (place === null || !(await fits(dirname(place.film), order.source_size))) {
    place?.letGo();
    const reason = place === null ? "storage.max_cache_size leaves it none" : "the disk is too full";
    log.info("there is no room to download this film, it is streamed", { reason });
    return stream(tools, wish);
  }
  const fetch = pieces(tools, wish);
  const { source_size: size, source_mtime_ns: mtime_ns } = order;
  const onProgress = (done_bytes: number) => wish.onPercent(size === 0 ? 100 : (100 * done_bytes) / size);
  try {
    await download({ place, size, mtime_ns, fetch, onProgress });
  } catch (error) {
    place.letGo();
    throw error;
  }
  signal.throwIfAborted();
  return { path: place.film, root: dirname(place.film), failed: new Promise(() => {}), close: place.letGo };
}

/** What lies there of the film already only makes the need smaller. */
async function fits(folder: string, size_bytes: number): Promise<boolean> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return bavail * bsize >= size_bytes + roomNeeded({ size_bytes: blocks * bsize, wanted_bytes: 0 });
}

/** Fetches pieces of a source, each until it is here. */
function pieces(
  { bytes, connection, config, warnings }: Tools,
  { order, log, signal }: Wish,
  most_bytes?: number,
) {
  const { worker_id } = connection.who;
  const path = bytePath("source", { worker_id, job_id: order.id, attempt: order.attempt });
  const pieceSize = createPieceSize(most_bytes, config.storage.bandwidth_limit);
  const { download_timeout: stall_ms } = config.storage;
  const silence_ms = stall_ms === 0 ? Number.POSITIVE_INFINITY : stall_ms;
  const onTrouble = (why: string | null) => {
    const text = `${order.source_rel} cannot be read from the master, trying on: ${why}`;
    warnings.set(readingOf(order), why === null ? null : text);
  };
  return (from: number, to: number): Promise<Uint8Array> =>
    persist(
      async () => {
        const range = { from, to: Math.min(to, from + pieceSize.now()) };
        const piece = await bytes.get(path, range, { signal, silence_ms });
        pieceSize.succeeded();
        return piece;
      },
      { signal, stall_ms, pieceSize, log, onTrouble },
    );
}

function readingOf({ id, attempt }: JobOrder): string {
  return `reading.${id}.${attempt}`;
}
