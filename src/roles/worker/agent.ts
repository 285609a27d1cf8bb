import { randomUUID } from "node:crypto";
import { timerMs } from "../../shared/clock.ts";
import type { WorkerConfig } from "../../shared/config-worker.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import type { JobOrder } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { CallInput, Reply } from "../../shared/protocol.ts";
import type { Attempts } from "./attempts.ts";
import { BREATH_MS, beat, keepCompany, sayGoodbye, WAIT_MS, WAIT_TIMEOUT_MS } from "./company.ts";
import { type Connection, pause } from "./connection.ts";
import type { Fitness } from "./fitness.ts";
import type { Gpus } from "./gpus.ts";
import type { Load } from "./machine.ts";
import type { MountWatch } from "./mount-watch.ts";
import type { Transfers } from "./transfer/transfers.ts";
import { undertake } from "./undertake.ts";
import type { Warnings } from "./warnings.ts";

/** How long the processes of attempts that nobody wants may take to end. */
const STOP_MS = 10_000;

export type AgentParts = {
  config: WorkerConfig;
  connection: Connection;
  attempts: Attempts;
  fitness: Fitness;
  gpus: Gpus;
  mount: MountWatch;
  transfers: Transfers;
  /** The argv that starts the process of an attempt; null: this program's own. */
  job: string[] | null;
  /** What people should know although the machine works. */
  warnings: Warnings;
  loadMeter: () => Promise<Load>;
  log: Logger;
  lease_ms: number;
  /** How long the reports of handed-back attempts may take before the worker ends without them. */
  hand_back_ms: number;
  /** Aborted to begin the drain. */
  draining: AbortController;
  /** Aborted when nothing more may be awaited: second signal, drain timeout over, or the end. */
  ended: AbortController;
};

/**
 * The life of a registered worker: claims while it is fit and has free slots, beats, reports progress and
 * listens to the master, until it is drained. Rejects with the VcError that forbids it to go on, such as
 * session_replaced.
 */
export async function runAgent(parts: AgentParts): Promise<void> {
  const { ended, draining, attempts } = parts;
  const company = keepCompany(parts);
  try {
    await Promise.race([company.then(() => {}), claimLoop(parts).then(() => drain(parts))]);
    await sayGoodbye(parts);
  } finally {
    draining.abort();
    ended.abort();
    attempts.stop(attempts.held());
    await unlessAborted(noneHeld(attempts), AbortSignal.timeout(STOP_MS));
    await company.catch(() => {});
  }
}

/** Gives back what still converts, and ends the worker soon, even if nobody takes it. */
export function handBack(parts: Pick<AgentParts, "attempts" | "ended" | "hand_back_ms">): void {
  parts.attempts.handBack();
  setTimeout(() => parts.ended.abort(), parts.hand_back_ms).unref();
}

async function claimLoop(parts: AgentParts): Promise<void> {
  const { attempts, fitness, config } = parts;
  const { signal } = parts.draining;
  while (!signal.aborted) {
    if (attempts.free() <= 0) {
      await unlessAborted(attempts.changed(), signal);
      continue;
    }
    const before = fitness.problem();
    const checking = fitness.check();
    const busy = fitness.doing() !== null;
    if (busy) tellAtOnce(parts);
    // A storage that hangs must not hold up the drain.
    const fit = await unlessAborted(checking, signal);
    if (busy || fitness.problem() !== before) tellAtOnce(parts);
    if (fit === null) {
      await pause(config.worker.job_check_interval, signal).catch(() => {});
      continue;
    }
    const orders = await claim(parts);
    if (orders.length > 0) crashPoint("claim.answered");
    // While the claim waited, an attempt may have brought something into doubt.
    const still = orders.length === 0 ? fit : ((await unlessAborted(fitness.check(), signal)) ?? fit);
    for (const order of orders) undertake(parts, order, still);
    if (orders.length > 0) crashPoint("claim.begun");
    if (orders.length === 0) await pause(BREATH_MS, signal).catch(() => {});
  }
}

/** People look at the screen now; a heartbeat that fails here is made up for by the next regular one. */
function tellAtOnce(parts: AgentParts): void {
  void beat(parts).catch(() => {});
}

async function claim(parts: AgentParts): Promise<JobOrder[]> {
  const { connection, attempts, draining } = parts;
  const input = {
    ...connection.who,
    protocol: 2 as const,
    claim_id: randomUUID(),
    max: attempts.free(),
    wait_ms: WAIT_MS,
    gpu_available: parts.gpus.standings().some(({ state }) => state !== "parked"),
  };
  try {
    const reply = await connection.insist("next_job", input, {
      signal: draining.signal,
      timeout_ms: WAIT_TIMEOUT_MS,
    });
    return ordersOf(reply, input.max);
  } catch (error) {
    if (!draining.signal.aborted) throw error;
    await refuseUnheard(parts, input);
    return [];
  }
}

/** The drain cut off a claim, perhaps its answer: what was granted, and never begun, goes back at once. */
async function refuseUnheard(parts: AgentParts, input: CallInput<"next_job">): Promise<void> {
  const { connection, attempts, ended } = parts;
  const options = { signal: ended.signal, timeout_ms: UNHEARD_TIMEOUT_MS };
  // The same claim again grants nothing new when it asks for nothing.
  const reply = await connection
    .call("next_job", { ...input, max: 0, wait_ms: 0 }, options)
    .catch(() => null);
  for (const order of ordersOf(reply, input.max)) attempts.refuse(order, "drained");
}

const UNHEARD_TIMEOUT_MS = 5000;

/** Never more than were asked for, whatever a master sends: each is a process with an ffmpeg. */
function ordersOf(reply: Reply<"next_job">, max: CallInput<"next_job">["max"]): JobOrder[] {
  return reply !== null && "jobs" in reply ? reply.jobs.slice(0, Number(max ?? 0)) : [];
}

/** Waits for what runs, at most `drain_timeout`, then hands the rest back. */
async function drain(parts: AgentParts): Promise<void> {
  const { attempts, config, ended, log } = parts;
  const count = attempts.held().length;
  if (count === 0) return;
  log.info("draining: waiting for running films", { films: count });
  tellAtOnce(parts);
  const late = setTimeout(() => handBack(parts), timerMs(config.worker.drain_timeout));
  await unlessAborted(noneHeld(attempts), ended.signal);
  clearTimeout(late);
}

async function noneHeld(attempts: Attempts): Promise<void> {
  while (attempts.held().length > 0) await attempts.changed();
}

/** Null as soon as `signal` is aborted. Unlike a race, it leaves nothing behind on a signal that lives long. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(null);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}
