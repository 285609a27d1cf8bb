import { hostname } from "node:os";
import { createClient } from "../../shared/client.ts";
import type { WorkerConfig } from "../../shared/config-worker.ts";
import { VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { cacheFolder } from "../../shared/platform.ts";
import { createTrust } from "../../shared/tls.ts";
import { version } from "../../shared/version.ts";
import { type AgentParts, handBack, runAgent } from "./agent.ts";
import { type Attempts, createAttempts } from "./attempts.ts";
import { type DetectOptions, detectCapabilities } from "./capabilities.ts";
import { type Connection, createConnection } from "./connection.ts";
import { createFitness } from "./fitness.ts";
import { isNamed } from "./gpu-choice.ts";
import { createGpuLoads } from "./gpu-load.ts";
import { gpuMemoryFile } from "./gpu-memory-file.ts";
import { createGpus } from "./gpus.ts";
import { createLoadMeter } from "./machine.ts";
import { withMountChild } from "./mount-child.ts";
import { createMountWatch, type MountWatch } from "./mount-watch.ts";
import { createByteCalls } from "./transfer/byte-calls.ts";
import { createKeptResults, type KeptResult } from "./transfer/kept-results.ts";
import { ownFolder } from "./transfer/own-folder.ts";
import { createTransfers } from "./transfer/transfers.ts";
import { chooseWay, type Way } from "./transfer/way.ts";
import { createWarnings, type Warnings } from "./warnings.ts";
import { createWorkspace, proveMount, type Workspace, whyHung } from "./workspace.ts";

export type WorkerOptions = {
  log: Logger;
  /** The argv that starts the process of an attempt, if not this program itself. */
  job?: string[];
  hand_back_ms?: number;
};
const HAND_BACK_MS = 15_000;

export type RunningWorker = {
  /** Resolves when the worker has ended; rejects with the VcError that ended it. */
  done: Promise<void>;
  /** The first call drains; the second hands back at once what still runs. */
  stop(): void;
  /** What people should know although it works, one sentence each. */
  warnings(): string[];
};

/** Starts a worker; it needs neither a reachable master nor a working ffmpeg yet, and says what it waits for. */
export function startWorker(config: WorkerConfig, options: WorkerOptions): RunningWorker {
  const { log, job = null, hand_back_ms = HAND_BACK_MS } = options;
  const worker_id = config.worker.id ?? hostname();
  const draining = new AbortController();
  const ended = new AbortController();
  const { master_url, token, tls_ca, tls_fingerprint, concurrency } = config.worker;
  if (master_url === null) throw new VcError("config", "worker.master_url is missing: where is the master?");
  const cache_path = config.storage.cache_path ?? cacheFolder();
  const kept = createKeptResults(ownFolder(cache_path, "work", worker_id));
  const left = once(kept.left);
  const connection = createConnection({
    client: createClient({ master_url, token, tls_ca, tls_fingerprint }),
    log,
    worker_id,
    concurrency,
    retry_ms: config.worker.job_check_interval,
    finished: async () => (await left()).map(({ order }) => ({ job_id: order.id, attempt: order.attempt })),
  });
  const bytes = createByteCalls({
    master_url,
    token,
    trust: createTrust({ master_url, tls_ca, tls_fingerprint }),
    limit_bytes_per_s: config.storage.bandwidth_limit,
  });
  const films_path = ownFolder(cache_path, "films", worker_id);
  const warnings = createWarnings();
  const running = live({
    config,
    connection,
    transfers: createTransfers({ config, connection, bytes, kept, films_path, warnings }),
    warnings,
    left,
    cache_path,
    log: log.with({ worker_id }),
    draining,
    ended,
    job,
    hand_back_ms,
  });
  let asked = false;
  return {
    done: running.done,
    stop() {
      // The drain may have begun before, by the master's word: this is the first call all the same.
      if (asked) handBack({ attempts: running.attempts, ended, hand_back_ms });
      asked = true;
      draining.abort();
    },
    warnings: warnings.list,
  };
}

type Life = Omit<AgentParts, "attempts" | "fitness" | "gpus" | "loadMeter" | "lease_ms" | "mount"> & {
  /** Finished films that an earlier process of this worker had not handed in. */
  left(): Promise<KeptResult[]>;
  cache_path: string;
};

function live(life: Life): { done: Promise<void>; attempts: Attempts } {
  const { config, connection, transfers, warnings, cache_path, log, draining, ended } = life;
  const gpus = createGpus({ config, file: gpuMemoryFile(cache_path), log, warnings, now_ms: Date.now });
  const mount = watchMount(life, () => fitness.doubt("mount_lost"));
  const fitness = createFitness({
    log,
    async detect() {
      const named: DetectOptions["named"] = (gpu) => isNamed(config.vulkan.preferred_device, gpu);
      log.info("finding out what ffmpeg and the GPUs can do; without a cache this takes up to a minute");
      const onTrouble = tellTrouble({ log, warnings });
      const capabilities = await detectCapabilities({ ...config.ffmpeg, cache_path, named, onTrouble });
      await gpus.see(capabilities);
      return capabilities;
    },
    async choose() {
      const { source } = config.storage;
      const find = () => findMount(life, mount);
      const way = await chooseWay({ source, mount: find, workFolder: transfers.workFolder });
      tellWay(way, { log, warnings, isChosen: source !== "auto" });
      return way;
    },
  });
  const attempts = createAttempts({
    concurrency: config.worker.concurrency,
    connection,
    log,
    onFailure: fitness.doubt,
    signal: ended.signal,
  });

  const run = async () => {
    log.info("worker starts", {
      version,
      master: config.worker.master_url,
      concurrency: config.worker.concurrency,
    });
    const registration = await register(connection, draining.signal);
    if (registration === null) return;
    log.info("registered with the master");
    await handInLeft({ ...life, attempts });
    const loads = createGpuLoads({ fresh_ms: 2 * config.worker.heartbeat_interval });
    const loadMeter = createLoadMeter({ standings: gpus.standings, loads });
    const { lease_ms } = registration;
    await runAgent({ ...life, attempts, fitness, gpus, mount, loadMeter, lease_ms });
    log.info("worker ends");
  };
  const ends = run().finally(transfers.stop);
  return { done: ends, attempts };
}

async function findMount(
  { config, connection, draining }: Life,
  watch: MountWatch,
): Promise<Workspace | string> {
  // A master that was set up anew may have other folders than at the start.
  const { storage } = await connection.register(draining.signal);
  const workspace = createWorkspace(storage, config.storage.mount_path, config.storage.path_map);
  const ask = (canary: string) => connection.call("prove_mount", { ...connection.who, canary });
  return withMountChild(async (files) => {
    const problem = await proveMount(workspace, ask, files);
    const hung = problem === null ? null : await whyHung(workspace, files);
    if (problem === null || hung !== null) watch.follow(workspace, hung);
    return problem ?? workspace;
  });
}

const MOUNT_WATCH_MS = 60_000;
/** Where ffmpeg may stand still for ever. */
const USUAL_STALL_MS = 5 * 60_000;

/** What stands still on a mount that hangs has its usual time, and a minute for whatever else may end it. */
function watchMount({ config, log, warnings, ended }: Life, onChange: () => void): MountWatch {
  return createMountWatch({
    look: (workspace) => withMountChild((files) => whyHung(workspace, files)),
    every_ms: MOUNT_WATCH_MS,
    patience_ms: (config.worker.stall_timeout || USUAL_STALL_MS) + 60_000,
    log,
    warnings,
    onChange,
    signal: ended.signal,
  });
}

function tellWay(
  way: Way | string,
  { log, warnings, isChosen }: { log: Logger; warnings: Warnings; isChosen: boolean },
): void {
  if (typeof way === "string") return;
  const overHttp = way.kind !== "mount";
  if (overHttp) log.info("films come and go over HTTP", { how: way.kind, why: way.why });
  else log.info("films lie on the mounted storage", { folder: way.workspace.source_root });
  warnings.set(
    "way",
    overHttp && !isChosen ? `Films come and go over HTTP, as no mount was found. ${way.why}` : null,
  );
}

/** What an earlier process has finished comes first, so that the master gives it to nobody else. */
async function handInLeft({ left, transfers, attempts, connection }: Life & { attempts: Attempts }) {
  for (const kept of await left()) attempts.start(kept.order, (log) => transfers.resume(kept, log));
  const held = attempts.held();
  if (held.length === 0) return;
  const reply = await connection.call("job_progress", { ...connection.who, held }).catch(() => null);
  if (reply !== null) attempts.stop(reply.stop);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** Where the trials' answers cannot be kept, every start of the worker takes as long as the first. */
function tellTrouble({ log, warnings }: { log: Logger; warnings: Warnings }): (why: string | null) => void {
  return (why) => {
    warnings.set("trials", why === null ? null : `What ffmpeg and the GPUs can do cannot be kept in ${why}.`);
    if (why !== null) log.warn("what trials showed cannot be kept", { reason: why });
  };
}

/** Null when the worker is stopped before a master answered. */
async function register(connection: Connection, signal: AbortSignal) {
  try {
    return await connection.register(signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
