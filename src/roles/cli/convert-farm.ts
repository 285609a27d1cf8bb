import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { findFfmpeg } from "../../ffmpeg/find.ts";
import { type Client, createClient } from "../../shared/client.ts";
import type { MasterConfig } from "../../shared/config.ts";
import type { WorkerConfig } from "../../shared/config-worker.ts";
import { fileTrouble, VcError } from "../../shared/errors.ts";
import type { Job } from "../../shared/job.ts";
import { createLogger, type Logger } from "../../shared/log.ts";
import type { Status } from "../../shared/status.ts";
import { startMaster } from "../master/index.ts";
import { type RunningWorker, startWorker } from "../worker/index.ts";
import { renderConvertEnd, renderConvertLine, renderConvertProgress } from "./render-convert.ts";
import { createScreen } from "./screen.ts";
import { onSignals } from "./signals.ts";

const LOOK_INTERVAL_MS = 500;
/** Between two lines into a file or a pipe. */
const LINE_INTERVAL_MS = 60_000;

export type FarmRequest = {
  master: MasterConfig;
  worker: WorkerConfig;
  /** Only these files of the source folder; null: all. */
  only: string[] | null;
  json: boolean;
};

/**
 * A master and a worker in this process, until every film has ended. Resolves with the exit code: 0 when
 * nothing failed. The first Ctrl-C ends it in good order; a later run goes on from there.
 */
export async function runFarm(request: FarmRequest): Promise<number> {
  await findFfmpeg(request.worker.ffmpeg);
  makeFolder(request.master.scanner.output_base);
  const log = createLogger(request.master.logging);
  const master = await startMaster(request.master, {
    log,
    local: true,
    ...(request.only === null ? {} : { only: request.only }),
  });
  try {
    return await runWorker(request, { master_url: master.url, token: master.token }, log);
  } finally {
    await master.stop();
    await log.close();
  }
}

/** Its log and its queue lie there, too: told in the person's words before they fail in their own. */
function makeFolder(out: string): void {
  try {
    mkdirSync(join(out, ".vc"), { recursive: true });
    accessSync(join(out, ".vc"), constants.W_OK);
  } catch (cause) {
    throw new VcError("usage", `--out: cannot write in ${out}: ${fileTrouble(cause)}`, { cause });
  }
}

async function runWorker(
  request: FarmRequest,
  address: { master_url: string; token: string | null },
  log: Logger,
): Promise<number> {
  const config = { ...request.worker, worker: { ...request.worker.worker, ...address } };
  const worker = startWorker(config, { log });
  let interrupted = false;
  const silence = onSignals(() => {
    interrupted = true;
    worker.stop();
    worker.stop();
  });
  try {
    const client = createClient(address);
    const ended = worker.done.then(() => true);
    await Promise.race([watch(client, request.json), ended]);
    await halt(worker);
    const how = { interrupted, warnings: worker.warnings(), json: request.json };
    return await conclude(client, { ...how, sought: request.master.scanner });
  } finally {
    silence();
  }
}

async function halt(worker: RunningWorker): Promise<void> {
  worker.stop();
  await worker.done;
}

/** Tells the progress until nothing is left to do. */
async function watch(client: Client, json: boolean): Promise<void> {
  const tell = json ? () => {} : process.stdout.isTTY === true ? drawing() : writing();
  for (;;) {
    const status = await client.call("status", {});
    tell(status);
    if (isOver(status)) return;
    await Bun.sleep(LOOK_INTERVAL_MS);
  }
}

function drawing(): (status: Status) => void {
  const screen = createScreen(process.stdout);
  return (status) => screen.draw(renderConvertProgress(status));
}

function writing(): (status: Status) => void {
  let told_ms = performance.now();
  return (status) => {
    if (performance.now() - told_ms < LINE_INTERVAL_MS) return;
    told_ms = performance.now();
    console.log(renderConvertLine(status));
  };
}

function isOver({ pending, processing, publishing, scan }: Status): boolean {
  const scanned = scan.last_finished_at !== null && !scan.running && scan.unsettled === 0;
  return scanned && pending + processing + publishing === 0;
}

async function conclude(
  client: Client,
  how: { interrupted: boolean; warnings: string[]; json: boolean; sought: MasterConfig["scanner"] },
): Promise<number> {
  const status = await client.call("status", {});
  const stats = await client.call("stats", {});
  const lists = await Promise.all(
    (["failed", "skipped", "cancelled"] as const).map((one) =>
      client.call("jobs", { status: one, limit: 1000 }),
    ),
  );
  const jobs = lists.flatMap((list) => list.jobs);
  const over = isOver(status);
  const { warnings, sought } = how;
  const made = await client.call("jobs", { status: "completed", limit: 1000 });
  const notes = made.jobs.filter((job) => job.notes.length > 0);
  if (how.json)
    console.log(JSON.stringify({ finished: over, stats, jobs, notes: notes.map(noted), warnings }, null, 2));
  else console.log(renderConvertEnd({ status, stats, jobs, noted: notes, over, warnings, sought }));
  return over && !how.interrupted && status.failed + status.cancelled === 0 ? 0 : 1;
}

function noted({ source_rel, output_rel, notes }: Job): Pick<Job, "source_rel" | "output_rel" | "notes"> {
  return { source_rel, output_rel, notes };
}
