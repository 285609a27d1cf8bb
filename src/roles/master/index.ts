import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { acquireLock } from "../../db/lock.ts";
import { type Clock, systemClock, toTimestamp } from "../../shared/clock.ts";
import type { MasterConfig } from "../../shared/config.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { weaknessOf } from "../../shared/token.ts";
import { version } from "../../shared/version.ts";
import { startBackups } from "./backup.ts";
import type { Coordinator, FoundSource } from "./coordinator.ts";
import { watchDisks } from "./disk.ts";
import { startDuty } from "./duties.ts";
import { createKeeper, type Keeper } from "./keeper.ts";
import { createLedger } from "./ledger.ts";
import { type Listener, listen } from "./listen.ts";
import { logEvents } from "./log-events.ts";
import { withCertificate } from "./own-certificate.ts";
import { createProblems, type Problems } from "./problems.ts";
import { createPublisher } from "./publish.ts";
import { openQueue, type Queue } from "./queue.ts";
import { createInspect } from "./replaceable.ts";
import { createScanDuty, type ScanDuty } from "./scan-duty.ts";
import { createScanner, type Scanner, type ScanResult } from "./scanner.ts";
import { serve } from "./serve.ts";
import { openStorage, outputsBelowRoot, type Storage } from "./storage.ts";
import { sweepStaging } from "./sweep.ts";
import { accessRule, tokenPath } from "./token.ts";
import { createTransact, type Transact } from "./transact.ts";
import { createUploads } from "./uploads.ts";
import { waitingRoom } from "./waiting-room.ts";
import { openWorkerTokens, workerTokensPath } from "./worker-tokens.ts";

export type MasterOptions = {
  log: Logger;
  clock?: Clock;
  /** Only these sources, '/'-separated below root_path, whatever their extension. */
  only?: string[];
  /** All workers run on this machine: no folder need contain both films and results. */
  local?: boolean;
};
export type Master = {
  /** What a program on this machine calls. */
  url: string;
  token: string;
  coordinator: Coordinator;
  scan(): Promise<ScanResult>;
  /** Ends waiting calls, finishes what is being done, and frees database and folders. */
  stop(): Promise<void>;
  /** Resolves once stopped. */
  done: Promise<void>;
};

const UPKEEP_MS = 1_000;
/** Between two rounds of upkeep; a longer one means that the master did not run. */
const LONGEST_GAP_MS = 5_000;
const WATCH_MS = 30_000;
const SWEEP_MS = 60_000;
const TIDY_MS = 600_000;
const CLOSE_GRACE_MS = 5_000;

/**
 * Starts a master and resolves once it serves; recovery and the first scan follow by themselves. `given` has
 * absolute paths. Throws VcError: "locked" (another master), "storage" or "config", each with what to do.
 */
export async function startMaster(given: MasterConfig, options: MasterOptions): Promise<Master> {
  const owner = `the master with process id ${process.pid} on ${hostname()}, started at ${new Date().toISOString()}`;
  const closers: Closer[] = [];
  const config = withCertificate(given, { log: options.log, now_ms: Date.now() });
  try {
    let door: Listener | null = null;
    const queue = await openQueue(config, owner, () => {
      const opened = listen(waitingRoom, { ...config.server, log: options.log });
      closers.push(opened.stop);
      door = opened;
      options.log.info("the database is being checked", { path: config.database.path });
    });
    closers.push(() => queue.close());
    if (queue.recounted)
      options.log.warn("the database's totals did not fit its jobs, and were counted anew");
    const storage = await openStorage({
      ...config.scanner,
      root: config.storage.root,
      local: options.local ?? false,
      waiting: queue.coordinator.intents().length,
    });
    const lock = acquireLock(join(storage.staging_path, "master.lock"), owner);
    closers.push(() => lock.release());
    return await run({ config, options, queue, storage, door, closers });
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

type Parts = {
  config: MasterConfig;
  options: MasterOptions;
  queue: Queue;
  storage: Storage;
  door: Listener | null;
  closers: Closer[];
};

async function run({ config, options, queue, storage, door, closers }: Parts): Promise<Master> {
  const { log, clock = systemClock } = options;
  const { coordinator } = queue;
  const problems = createProblems(log);
  const transact = createTransact({ committer: queue.committer, clock, problems });
  const { output_mode } = config.scanner;
  const shared = { coordinator, transact, storage, output_mode, problems, log, clock };
  logEvents(coordinator, log);
  const ledger = createLedger({ ...shared, database: config.database });
  const uploads = createUploads(shared);
  const publisher = createPublisher({ ...shared, ledger, uploads });
  closers.push(() => publisher.stop());
  const keeper = createKeeper(shared);
  const scans = await createScans({ ...shared, config, options });
  closers.push(() => scans.duty.stop());
  const access = accessRule({ ...config.server, database_path: config.database.path });
  const tokens = openWorkerTokens(workerTokensPath(config.database.path));
  const started_at = toTimestamp(clock.now().wall_ms);
  const served = serve({
    ...shared,
    ...scans,
    publisher,
    uploads,
    keeper,
    access,
    tokens,
    server: config.server,
    door,
    started_at,
  });
  closers.push(() => served.stop());
  log.info("master started", {
    version,
    url: served.url,
    root_path: storage.root_path,
    storage_root: storage.root,
    ...(access.made ? { token_file: tokenPath(config.database.path) } : {}),
  });
  const weakness = weaknessOf(access.token);
  const whose = access.made ? `the token in ${tokenPath(config.database.path)}` : "server.token";
  if (weakness !== null) log.warn(`${whose} ${weakness}`);
  if (access.allow_anonymous)
    log.warn("everyone who can reach this master is served (server.allow_anonymous)");
  closers.push(...startDuties({ ...shared, keeper, config }));
  closers.push(startBackups({ ...shared, database: config.database }).stop);
  void publisher.recover();
  scans.duty.request();
  // Such a job waits until the scan tells how its source looks now.
  coordinator.subscribe((event) => {
    if (event.type !== "job" || event.job.status !== "pending") return;
    if (event.job.reason === "source_changed") scans.duty.request();
  });
  const done = Promise.withResolvers<void>();
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= closeAll(closers).then(done.resolve);
    return stopping;
  };
  return {
    url: served.url,
    token: access.token,
    coordinator,
    scan: scans.duty.scan,
    stop,
    done: done.promise,
  };
}

type Shared = {
  coordinator: Coordinator;
  transact: Transact;
  storage: Storage;
  problems: Problems;
  log: Logger;
  clock: Clock;
};

async function createScans(
  of: Shared & { config: MasterConfig; options: MasterOptions },
): Promise<{ scanner: Scanner; duty: ScanDuty }> {
  const { settle, scan_interval, ...settings } = of.config.scanner;
  const { replace } = of.config.storage;
  const excluded_rel = replace ? null : await outputsBelowRoot(of.storage);
  const inspect = replace ? await createInspect({ ...of, placeOf: of.coordinator.placeOf }) : null;
  const add = async (found: FoundSource[]) => {
    const batch = inspect === null ? found : await inspect(found);
    return of.transact((now) => of.coordinator.addSources(batch, now));
  };
  const scanner = createScanner({
    ...of,
    settings: { ...settings, settle_ms: settle, excluded_rel, only: of.options.only },
    add,
    known: () => of.coordinator.status(of.clock.now()).total,
  });
  return { scanner, duty: createScanDuty({ scanner, interval_ms: scan_interval }) };
}

function startDuties(of: Shared & { keeper: Keeper; config: MasterConfig }): Closer[] {
  const { coordinator, transact, storage, clock, problems } = of;
  const disks = {
    ...of,
    output_base: storage.output_base,
    database_folder: dirname(of.config.database.path),
  };
  // At the start, whatever is not held is left over from earlier ones; later, it may belong to a late hand-in.
  let spared_ms = 0;
  const sweep = async () => {
    const now_ms = clock.now().wall_ms;
    await sweepStaging({ ...storage, ...coordinator, now_ms, older_than_ms: now_ms - spared_ms });
    spared_ms = SWEEP_MS;
  };
  const duties = [
    startDuty(
      UPKEEP_MS,
      upkeepAfterPauses({ coordinator, transact, clock, lease_ms: of.config.queue.lease }),
    ),
    startDuty(WATCH_MS, () => watchDisks(disks)),
    startDuty(SWEEP_MS, () => told(problems, "sweep", sweep)),
    startDuty(TIDY_MS, () => told(problems, "originals", of.keeper.tidy)),
  ];
  return duties.map((duty) => () => duty.stop());
}

/**
 * Time in which the master itself stood still (a paused machine, a disk that hung) is nobody's silence: workers
 * could not be heard. After such a gap they get as long again, at most a lease, before leases run out.
 */
function upkeepAfterPauses(of: Pick<Shared, "coordinator" | "transact" | "clock"> & { lease_ms: number }) {
  let last_ms = of.clock.now().monotonic_ms;
  let rests_until_ms = last_ms;
  return async () => {
    const now_ms = of.clock.now().monotonic_ms;
    const gap_ms = now_ms - last_ms;
    last_ms = now_ms;
    if (gap_ms > LONGEST_GAP_MS) rests_until_ms = now_ms + Math.min(gap_ms, of.lease_ms);
    if (now_ms >= rests_until_ms) await of.transact((now) => of.coordinator.upkeep(now));
  };
}

/** Shows a failure as a problem until the same goes well again. */
async function told(problems: Problems, key: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
    problems.clear(key);
  } catch (error) {
    problems.set(key, messageOf(error));
    throw error;
  }
}

type Closer = () => void | Promise<void>;

/** The last opened is closed first. None is waited for without end: a volume that hangs must not hold up the stop. */
async function closeAll(closers: Closer[]): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    await Promise.race([close(), deadline]);
    clearTimeout(timer);
  }
}
