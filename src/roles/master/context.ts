import type { Committer } from "../../db/commit.ts";
import type { JobRow } from "../../db/schema.ts";
import type { Store } from "../../db/store.ts";
import type { Conversion } from "../../shared/conversion.ts";
import type { Job } from "../../shared/job.ts";
import type { Keep } from "../../shared/originals.ts";
import { createWishes, NO_RULES, type Rules, type Wishes } from "../../shared/rules.ts";
import type { HeldAttempt, Worker } from "../../shared/worker.ts";
import { createLeases, type Leases } from "./leases.ts";
import { createStops, type Stops } from "./stops.ts";

export type CoordinatorSettings = {
  /** Absolute; source_path and output_path are built from them. */
  root_path: string;
  output_base: string;
  conversion: Conversion;
  /** Without any, every film of the scan is converted alike. */
  rules?: Rules;
  /** Results take their sources' places: `output_base` is `root_path` then. */
  replace?: boolean;
  /** How long replaced sources are kept. */
  keep_originals?: Keep;
  lease_ms: number;
  max_retries: number;
  max_lost: number;
  retry_delay_ms: number;
  retry_delay_max_ms: number;
  /** How long a silent worker still counts as alive. */
  offline_after_ms: number;
  /** How long a worker that fails everything gets no films at first; 0: such a worker goes on. */
  quarantine_ms: number;
};

export type MasterEvent =
  /** There is a job that may run now. */
  | { type: "queued" }
  | { type: "job"; job: Job }
  | { type: "progress"; worker_id: string; held: HeldAttempt[] }
  | { type: "worker"; worker: Worker }
  /** What this worker must stop, or whether it drains, has changed. */
  | { type: "control"; worker_id: string };

/** What the coordinator's operations share: tables, rules' settings, and the memory beside the tables. */
export type Context = {
  store: Store;
  settings: CoordinatorSettings;
  /** What each film is to become, and which are left alone. */
  wishes: Wishes;
  /** 0 to 1. */
  random: () => number;
  /** No new attempt has a lower number: those below may have been given away before a backup was restored. */
  attempt_floor: number;
  leases: Leases;
  stops: Stops;
  /** When each worker was last heard, on the monotonic clock. */
  heard: Map<string, number>;
  /** What each worker said last of what it does, and warned of. */
  said: Map<string, Pick<Worker, "doing" | "warnings">>;
  /** Workers that were last reported as offline. */
  silent: Set<string>;
  /** Changes memory once the operation is committed, and not otherwise. */
  later: (effect: () => void) => void;
  /** Tells listeners, after the commit. `event` is built only then. */
  emit: (event: () => MasterEvent) => void;
  subscribe: (listener: (event: MasterEvent) => void) => () => void;
};

export function createContext(given: {
  store: Store;
  committer: Committer;
  settings: CoordinatorSettings;
  random: () => number;
}): Context {
  const { store, committer, settings, random } = given;
  const listeners = new Set<(event: MasterEvent) => void>();
  const later = (effect: () => void) => committer.afterCommit(effect);
  return {
    store,
    settings,
    wishes: createWishes({ ...settings, rules: settings.rules ?? NO_RULES }),
    random,
    attempt_floor: Number(store.fact("attempt_floor") ?? 0),
    leases: createLeases(settings.lease_ms),
    stops: createStops(random().toString(36).slice(2)),
    heard: new Map(),
    said: new Map(),
    silent: new Set(),
    later,
    emit: (event) =>
      later(() => {
        if (listeners.size === 0) return;
        const built = event();
        for (const listener of listeners) listener(built);
      }),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A back-off that is over still counts as waiting until upkeep or a claim has released it. */
export function isClaimable(job: JobRow): boolean {
  return job.status === "pending" && job.not_before_ms === 0;
}
