import { hostname } from "node:os";
import { VcError } from "../../shared/errors.ts";
import type { CallInput, Reply } from "../../shared/protocol.ts";
import type { AgentParts } from "./agent.ts";
import { pause } from "./connection.ts";

/** How long the master may hold a call open until there is something to say. */
export const WAIT_MS = 25_000;
export const WAIT_TIMEOUT_MS = WAIT_MS + 10_000;
/** Whatever a master says: beats without a pause between them would be for nothing. */
const SHORTEST_LEASE_MS = 200;
/** Between two calls that wait: a master that is stopping answers them at once. */
export const BREATH_MS = 100;
const PROGRESS_INTERVAL_MS = 2000;

/** Beats, reports progress and listens to the master until the end. Rejects with the refusal that is for good. */
export async function keepCompany(parts: AgentParts): Promise<void> {
  await Promise.all([beatLoop(parts), progressLoop(parts), controlLoop(parts)]);
}

async function beatLoop(parts: AgentParts): Promise<void> {
  const lease_ms = Math.max(parts.lease_ms, SHORTEST_LEASE_MS);
  const interval_ms = Math.min(parts.config.worker.heartbeat_interval, lease_ms / 2);
  await repeat(parts, interval_ms, async () => {
    const { stop, draining } = await beat(parts);
    parts.attempts.stop(stop);
    if (draining) parts.draining.abort();
  });
}

/** Tells the master how this machine does; between the regular times, when that has changed. */
export async function beat(parts: AgentParts): Promise<Reply<"heartbeat">> {
  const { connection, attempts, fitness, draining, ended } = parts;
  const load = await parts.loadMeter();
  const held = attempts.held();
  const problem = fitness.problem();
  const doing = fitness.doing();
  const state = problem !== null ? "unfit" : held.length > 0 ? "busy" : "idle";
  const machine = {
    ...load,
    ...(problem === null ? {} : { problem }),
    ...(doing === null ? {} : { doing }),
    warnings: parts.warnings.list(),
  };
  const status = draining.signal.aborted ? "draining" : state;
  return connection.call("heartbeat", heartbeat(parts, { ...machine, status, held }), {
    signal: ended.signal,
  });
}

/**
 * The last word of a worker that ends: nobody need wait for it. A master that does not hear it finds out. What it names as
 * held are finished films that its next start hands in.
 */
export async function sayGoodbye(parts: AgentParts): Promise<void> {
  const input = heartbeat(parts, {
    status: "stopped",
    vulkan_available: false,
    held: parts.attempts.kept(),
  });
  await parts.connection.call("heartbeat", input, { timeout_ms: GOODBYE_MS }).catch(() => {});
}

const GOODBYE_MS = 2000;

type Beat = CallInput<"heartbeat">;

function heartbeat(
  { connection }: AgentParts,
  now: Omit<Beat, "worker_id" | "hostname" | "active_jobs" | "timestamp">,
): Beat {
  return {
    ...connection.who,
    hostname: hostname(),
    active_jobs: now.held?.length ?? 0,
    timestamp: new Date().toISOString(),
    ...now,
  };
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
  await repeat(parts, BREATH_MS, async () => {
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
    await pause(delay_ms, signal).catch(() => {});
  }
}

const FINAL: readonly string[] = ["session_replaced", "worker_id_taken", "bad_request"];
