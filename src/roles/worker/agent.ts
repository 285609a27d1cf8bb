import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { WorkerConfig } from "../../shared/config.ts";
import { VcError } from "../../shared/errors.ts";
import type { JobOrder } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { Attempts } from "./attempts.ts";
import { type Connection, pause } from "./connection.ts";
import type { Fit, Fitness } from "./fitness.ts";
import type { Load } from "./machine.ts";

/** How long the master may hold a call open until there is something to say. */
const WAIT_MS = 25_000;
const WAIT_TIMEOUT_MS = WAIT_MS + 10_000;
const PROGRESS_INTERVAL_MS = 2000;

export type AgentParts = {
  config: WorkerConfig;
  connection: Connection;
  attempts: Attempts;
  fitness: Fitness;
  loadMeter: () => Promise<Load>;
  log: Logger;
  lease_ms: number;
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
  const { ended } = parts;
  const company = Promise.all([beatLoop(parts), progressLoop(parts), controlLoop(parts)]);
  try {
    await Promise.race([company.then(() => {}), claimLoop(parts).then(() => drain(parts))]);
  } finally {
    ended.abort();
    await company.catch(() => {});
  }
}

async function claimLoop(parts: AgentParts): Promise<void> {
  const { attempts, fitness, config } = parts;
  const { signal } = parts.draining;
  while (!signal.aborted) {
    if (attempts.free() <= 0) {
      await Promise.race([attempts.changed(), aborted(signal)]);
      continue;
    }
    const fit = await fitness.check();
    if (fit === null) {
      await pause(config.worker.job_check_interval, signal).catch(() => {});
      continue;
    }
    for (const order of await claim(parts)) begin(parts, order, fit);
  }
}

async function claim({ connection, attempts, draining }: AgentParts): Promise<JobOrder[]> {
  const input = {
    ...connection.who,
    protocol: 2 as const,
    claim_id: randomUUID(),
    max: attempts.free(),
    wait_ms: WAIT_MS,
    gpu_available: false,
  };
  try {
    const reply = await connection.insist("next_job", input, {
      signal: draining.signal,
      timeout_ms: WAIT_TIMEOUT_MS,
    });
    return reply !== null && "jobs" in reply ? reply.jobs : [];
  } catch (error) {
    if (draining.signal.aborted) return [];
    throw error;
  }
}

function begin({ attempts, config }: AgentParts, order: JobOrder, { capabilities, workspace }: Fit): void {
  attempts.start(order, {
    source: workspace.source(order),
    target: workspace.target(order),
    canary: workspace.canary,
    capabilities,
    limits: {
      job_timeout_ms: config.worker.job_timeout,
      ffmpeg_timeout_ms: config.ffmpeg.timeout,
      stall_timeout_ms: config.worker.stall_timeout,
    },
  });
}

/** Waits for what runs, at most `drain_timeout`, then hands the rest back. */
async function drain({ attempts, config, ended, log }: AgentParts): Promise<void> {
  const count = attempts.held().length;
  if (count > 0) log.info("draining: waiting for running films", { films: count });
  const late = setTimeout(() => attempts.handBack(), config.worker.drain_timeout);
  while (attempts.held().length > 0 && !ended.signal.aborted) {
    await Promise.race([attempts.changed(), aborted(ended.signal)]);
  }
  clearTimeout(late);
}

async function beatLoop(parts: AgentParts): Promise<void> {
  const { connection, attempts, fitness, config, draining, ended } = parts;
  const interval_ms = Math.min(config.worker.heartbeat_interval, parts.lease_ms / 2);
  await repeat(parts, interval_ms, async () => {
    const held = attempts.held();
    const problem = fitness.problem();
    const reply = await connection.call(
      "heartbeat",
      {
        ...connection.who,
        hostname: hostname(),
        vulkan_available: false,
        active_jobs: held.length,
        status: problem !== null ? "unfit" : held.length > 0 ? "busy" : "idle",
        timestamp: new Date().toISOString(),
        ...(await parts.loadMeter()),
        ...(problem === null ? {} : { problem }),
        held,
      },
      { signal: ended.signal },
    );
    attempts.stop(reply.stop);
    if (reply.draining) draining.abort();
  });
}

async function progressLoop(parts: AgentParts): Promise<void> {
  const { connection, attempts, ended } = parts;
  await repeat(parts, PROGRESS_INTERVAL_MS, async () => {
    const held = attempts.held();
    if (held.length === 0) return;
    const reply = await connection.call(
      "job_progress",
      { ...connection.who, held },
      { signal: ended.signal },
    );
    attempts.stop(reply.stop);
  });
}

async function controlLoop(parts: AgentParts): Promise<void> {
  const { connection, attempts, draining, ended } = parts;
  let seen = "";
  await repeat(parts, 0, async () => {
    const reply = await connection.call(
      "control",
      { ...connection.who, seen, wait_ms: WAIT_MS },
      { signal: ended.signal, timeout_ms: WAIT_TIMEOUT_MS },
    );
    seen = reply.version;
    attempts.stop(reply.stop);
    if (reply.draining) draining.abort();
  });
}

/** Calls `step` until the end; a master that cannot be reached is tried again, a refusal for good is thrown. */
async function repeat(parts: AgentParts, interval_ms: number, step: () => Promise<void>): Promise<void> {
  const { signal } = parts.ended;
  while (!signal.aborted) {
    let delay_ms = interval_ms;
    try {
      await step();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof VcError) || FINAL.includes(error.code)) throw error;
      delay_ms = Math.max(interval_ms, parts.config.worker.job_check_interval);
    }
    if (delay_ms > 0) await pause(delay_ms, signal).catch(() => {});
  }
}

const FINAL: readonly string[] = ["session_replaced", "worker_id_taken", "bad_request"];

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
