import type { Committer } from "../../db/commit.ts";
import type { OriginalRow } from "../../db/schema.ts";
import type { Store } from "../../db/store.ts";
import type { Instant } from "../../shared/clock.ts";
import type { Job, JobStatus } from "../../shared/job.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import { claim } from "./claims.ts";
import { type CoordinatorSettings, createContext } from "./context.ts";
import * as endings from "./endings.ts";
import { heldAttempt, roomKeptFor } from "./holding.ts";
import type { AttemptKey } from "./leases.ts";
import * as originals from "./originals.ts";
import * as people from "./people.ts";
import { placeOf } from "./places.ts";
import { listWorkers } from "./presence.ts";
import { resumeWorker } from "./quarantines.ts";
import * as renewals from "./renewals.ts";
import { drain, register, rival } from "./sessions.ts";
import { addSources, type FoundSource, followRoots, sampleSources } from "./sources.ts";
import * as totals from "./totals.ts";
import { createUpkeep } from "./upkeep.ts";

export type Coordinator = ReturnType<typeof createCoordinator>;

/**
 * The queue. Every method but `subscribe` is one synchronous operation, to be run inside `committer.run`; time is
 * passed in. Each loads, asks a pure rule (lifecycle, scheduler, retry), saves and answers. Refusals are VcErrors.
 */
export function createCoordinator(given: {
  store: Store;
  committer: Committer;
  settings: CoordinatorSettings;
  /** 0 to 1, for ids and jitter. */
  random: () => number;
}) {
  const context = createContext(given);
  given.committer.runNow(() => followRoots(context));

  return {
    /** `living`: a session whose process is known to live. */
    register: (input: Input<"register">, now: Instant, living: string | null = null) =>
      register(context, { ...input, living }, now),
    /** The session that a registration would replace; null where it would replace none that may live. */
    rival: (input: Input<"register">): string | null => rival(context, input),
    claim: (input: Input<"next_job">, now: Instant): Reply<"next_job"> => claim(context, input, now),
    progress: (input: Input<"job_progress">, now: Instant) => renewals.progress(context, input, now),
    heartbeat: (input: Input<"heartbeat">, now: Instant) => renewals.heartbeat(context, input, now),
    control: (input: Input<"control">, now: Instant) => renewals.control(context, input, now),

    beginPublish: (input: Input<"job_complete">, now: Instant) => endings.beginPublish(context, input, now),
    finishPublish: (of: AttemptKey, published: endings.Published, now: Instant): JobStatus =>
      endings.finishPublish(context, of, published, now),
    failPublish: (of: AttemptKey, failure: endings.PublishFailure, now: Instant): JobStatus =>
      endings.failPublish(context, of, failure, now),
    intents: () => endings.intents(context),
    fail: (input: Input<"job_failed">, now: Instant) => endings.fail(context, input, now),
    isHeld: (of: AttemptKey): boolean => endings.isHeld(context, of),
    /** Reads only, so it needs no committer. */
    heldAttempt: (of: AttemptKey & { worker_id: string }) => heldAttempt(context, of),
    roomKeptFor: (of: AttemptKey): number => roomKeptFor(context, of),

    upkeep: createUpkeep(context),
    addSources: (batch: FoundSource[], now: Instant) => addSources(context, batch, now),
    sampleSources: (limit: number) => sampleSources(context, limit),

    /** The name that a film's result gets beside it, with storage.replace. */
    placeOf: (source_rel: string): string => placeOf(context, source_rel),
    originals: (page: { limit: number; offset: number }) => originals.listOriginals(context, page),
    openOriginals: () => originals.openOriginals(context),
    dueOriginals: (of: Parameters<typeof originals.dueOriginals>[1], now: Instant) =>
      originals.dueOriginals(context, of, now),
    findOriginal: (id: string) => originals.findOriginal(context, id),
    toOriginal: (row: OriginalRow) => originals.toOriginal(context, row),
    beginUndo: (id: string) => originals.beginUndo(context, id),
    besideResult: (row: OriginalRow) => originals.besideResult(context, row),
    finishUndo: (row: OriginalRow, now: Instant) => originals.finishUndo(context, row, now),
    keepOriginal: (row: OriginalRow) => originals.keepOriginal(context, row),
    beginPurge: (row: OriginalRow): boolean => originals.beginPurge(context, row),
    finishPurge: (row: OriginalRow, now: Instant) => originals.finishPurge(context, row, now),

    cancel: (id: string, now: Instant): Job => people.cancel(context, id, now),
    retry: (id: string, now: Instant): Job => people.retry(context, id, now),
    retryFailed: (limit: number | undefined, now: Instant) => people.retryFailed(context, limit, now),
    setPriority: (id: string, priority: number, now: Instant): Job =>
      people.setPriority(context, id, priority, now),
    drain: (worker_id: string, now: Instant): void => drain(context, worker_id, now),
    resumeWorker: (worker_id: string, now: Instant) => resumeWorker(context, worker_id, now),
    status: (now: Instant) => totals.status(context, now),
    remarks: (): string[] => totals.remarks(context),
    stats: (_now: Instant) => totals.stats(context),
    jobs: (input: Input<"jobs">, _now: Instant) => people.listJobs(context, input),
    job: (id: string, _now: Instant): Reply<"job"> => {
      const found = people.showJob(context, id);
      return { ...found, originals: originals.originalsOf(context, found.job.id) };
    },
    workers: (now: Instant) => listWorkers(context, now),

    /** Whether there is a job that may run now, for whomever. A look, no operation. */
    hasWork: (): boolean => given.store.hasClaimable(),
    /** Every live lease, for checks and metrics. */
    leases: (): AttemptKey[] => context.leases.all(),
    /** Listeners are called after commits only. Returns how to end it. */
    subscribe: context.subscribe,
  };
}

export type { CoordinatorSettings, MasterEvent } from "./context.ts";
export type { PublishedFile, PublishFailure, PublishIntent } from "./endings.ts";
export type { FoundSource } from "./sources.ts";
