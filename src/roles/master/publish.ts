import { setTimeout as pause } from "node:timers/promises";
import type { OutputMode } from "../../shared/config-values.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { JobStatus } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import { removePublished } from "./beside.ts";
import type { Coordinator, PublishIntent } from "./coordinator.ts";
import type { Ledger } from "./ledger.ts";
import { discard, type Placement, place } from "./place.ts";
import type { Problems } from "./problems.ts";
import { replaceSource } from "./replace.ts";
import { digestFailure } from "./staged-digest.ts";
import type { Storage } from "./storage.ts";
import type { Transact } from "./transact.ts";
import type { Uploads } from "./uploads.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export type Publisher = {
  /**
   * Publishes what an attempt hands in. Throws VcError("storage") while the storage does not work: the publish
   * goes on by itself then, and the call may be repeated.
   */
  complete(input: Input<"job_complete">): Promise<Reply<"job_complete">>;
  /** Finishes or undoes every recorded intent; resolves once each was tried. */
  recover(): Promise<void>;
  /** Ends the pauses, and waits for what is being done right now. */
  stop(): Promise<void>;
};
type Parts = {
  coordinator: Coordinator;
  transact: Transact;
  storage: Storage;
  output_mode: OutputMode;
  problems: Problems;
  log: Logger;
  ledger?: Ledger;
  uploads?: Pick<Uploads, "settle">;
};
/** `stopping`: the master ends, and nothing long is begun. */
type Working = Parts & { stopping: AbortSignal };
/** A publish under way; `round` is its present or last try. */
type Running = { round: Promise<JobStatus> };

/** Repeats of one hand-in, and the recovery at the start, share one publish. */
export function createPublisher(given: Parts): Publisher {
  const running = new Map<string, Running>();
  const stopping = new AbortController();
  const parts: Working = { ...given, stopping: stopping.signal };

  function publish(intent: PublishIntent): Running {
    const key = `${intent.job_id}.${intent.attempt}`;
    const known = running.get(key);
    if (known !== undefined) return known;
    const started = { round: publishOnce(parts, intent) };
    running.set(key, started);
    void follow(parts, { intent, publish: started }).finally(() => running.delete(key));
    return started;
  }

  return {
    async complete(input) {
      crashPoint("hand_in.received");
      const begun = await parts.transact((now) => parts.coordinator.beginPublish(input, now));
      if (begun.state === "ended") return { ok: true, status: begun.status };
      crashPoint("hand_in.committed");
      return { ok: true, status: await publish(begun.intent).round };
    },
    async recover() {
      const rounds = parts.coordinator.intents().map((intent) => publish(intent).round);
      await Promise.allSettled(rounds);
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled([...running.values()].map((publish) => publish.round));
    },
  };
}

/** Tries again with growing pauses for as long as it is the storage that does not work. */
async function follow(parts: Working, of: { intent: PublishIntent; publish: Running }): Promise<void> {
  const { job_id } = of.intent;
  const key = `publish.${job_id}`;
  for (
    let wait_ms = FIRST_PAUSE_MS;
    !parts.stopping.aborted;
    wait_ms = Math.min(wait_ms * 2, LONGEST_PAUSE_MS)
  ) {
    try {
      await of.publish.round;
      break;
    } catch (error) {
      if (!(error instanceof VcError)) throw error;
      if (error.code !== "storage" && error.code !== "unavailable") {
        parts.log.error("a publish was refused", { job_id, error: error.message });
        break;
      }
      parts.problems.set(key, error.message);
      await pause(wait_ms, undefined, { signal: parts.stopping, ref: false }).catch(() => undefined);
      if (!parts.stopping.aborted) of.publish.round = publishOnce(parts, of.intent);
    }
  }
  parts.problems.clear(key);
}

async function publishOnce(parts: Working, intent: PublishIntent): Promise<JobStatus> {
  const { coordinator, transact } = parts;
  const of = { job_id: intent.job_id, attempt: intent.attempt };
  try {
    const placement = await checkAndPlace(parts, intent);
    if (placement.state === "placed") {
      const { root_path, output_base } = parts.storage;
      await removePublished(intent.original === null ? output_base : root_path, intent.stale);
      await parts.ledger?.(intent, placement.published);
      crashPoint("publish.noted");
      const status = await transact((now) => coordinator.finishPublish(of, placement, now));
      crashPoint("publish.committed");
      return status;
    }
    const { state: _, ...failure } = placement;
    const status = await transact((now) => coordinator.failPublish(of, failure, now));
    // It is decided: what cannot be removed now, the sweep will.
    await discard(parts.storage, intent).catch(leftToSweep);
    return status;
  } catch (cause) {
    if (cause instanceof VcError || systemCode(cause) === undefined) throw cause;
    const message = `${intent.source_rel} is converted and waits to be published: ${messageOf(cause)}. The master goes on by itself once that is repaired.`;
    throw new VcError("storage", message, { cause });
  }
}

async function checkAndPlace(parts: Working, intent: PublishIntent): Promise<Placement> {
  await parts.uploads?.settle(intent);
  const failure = await digestFailure({ ...parts, intent, signal: parts.stopping });
  if (failure !== null) return { state: "failed", ...failure };
  const put = intent.original === null ? place : replaceSource;
  return put({ ...parts, intent });
}

function leftToSweep(error: unknown): void {
  if (systemCode(error) === undefined) throw error;
}
