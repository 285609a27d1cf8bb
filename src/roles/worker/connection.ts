import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Client } from "../../shared/client.ts";
import { timerMs } from "../../shared/clock.ts";
import { type ErrorCode, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { CallInput, Endpoint, Reply } from "../../shared/protocol.ts";
import { version } from "../../shared/version.ts";

/** Refusals that say nothing about the call: the same call may be answered later. */
const PASSING: readonly ErrorCode[] = ["unreachable", "unavailable", "storage", "internal"];
/** A token or certificate that was good once may be good again: finished films are not thrown away for it. */
const TRUST: readonly ErrorCode[] = ["unauthorized", "untrusted"];
const CALL_TIMEOUT_MS = 30_000;

type CallOptions = { signal?: AbortSignal; timeout_ms?: number };

export type Connection = {
  /** What every call of this worker carries. */
  who: { worker_id: string; session: string };
  /** Says that this worker is here; at the start, and when a master has lost its memory of it. */
  register(signal: AbortSignal): Promise<Reply<"register">>;
  call<E extends Endpoint>(endpoint: E, input: CallInput<E>, options?: CallOptions): Promise<Reply<E>>;
  /** Repeats the call until the master answers it or refuses it for good; rejects when `signal` ends it. */
  insist<E extends Endpoint>(
    endpoint: E,
    input: CallInput<E>,
    options: CallOptions & { signal: AbortSignal },
  ): Promise<Reply<E>>;
};

/** One worker's line to its master. It is silent about failed polls and logs only when the line breaks or heals. */
export function createConnection(parts: {
  client: Client;
  log: Logger;
  worker_id: string;
  concurrency: number;
  retry_ms: number;
  /** Finished films of an earlier process of this worker, which this one will hand in. */
  finished?: () => Promise<{ job_id: string; attempt: number }[]>;
}): Connection {
  const { client, log, worker_id, concurrency, retry_ms } = parts;
  const who = { worker_id, session: randomUUID() };
  let broken: ErrorCode | null = null;
  let welcome = false;

  const note = (error: VcError | null) => {
    if ((error?.code ?? null) === broken) return;
    broken = error?.code ?? null;
    if (error === null) log.info("the master answers again");
    else log.warn("cannot talk to the master, trying on", { reason: error.message });
  };

  const once = async <E extends Endpoint>(endpoint: E, input: CallInput<E>, options: CallOptions = {}) => {
    const reply = await client.call(endpoint, input, { timeout_ms: CALL_TIMEOUT_MS, ...options });
    note(null);
    welcome = true;
    return reply;
  };

  const passes = (error: unknown): error is VcError =>
    error instanceof VcError && (PASSING.includes(error.code) || (welcome && TRUST.includes(error.code)));

  const insist: Connection["insist"] = async (endpoint, input, options) => {
    for (;;) {
      options.signal.throwIfAborted();
      try {
        return await call(endpoint, input, options);
      } catch (error) {
        options.signal.throwIfAborted();
        if (!passes(error)) throw error;
        await pause(jittered(retry_ms), options.signal);
      }
    }
  };

  const introduction = async () => {
    const finished = (await parts.finished?.()) ?? [];
    return {
      ...who,
      hostname: hostname(),
      version,
      concurrency,
      ...(finished.length > 0 ? { finished } : {}),
    };
  };
  const register = async (signal: AbortSignal) => insist("register", await introduction(), { signal });

  const call: Connection["call"] = async (endpoint, input, options) => {
    try {
      return await once(endpoint, input, options);
    } catch (error) {
      if (passes(error)) note(error);
      if (!(error instanceof VcError) || error.code !== "unknown_worker" || endpoint === "register")
        throw error;
      await once("register", await introduction(), options);
      return once(endpoint, input, options);
    }
  };

  return { who, register, call, insist };
}

/** Spreads a farm that waits for one master over half to one and a half times the delay. */
function jittered(delay_ms: number): number {
  return delay_ms * (0.5 + Math.random());
}

/** Waits; rejects at once when `signal` is aborted. */
export function pause(delay_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", end);
      resolve();
    }, timerMs(delay_ms));
    signal.addEventListener("abort", end, { once: true });
  });
}
