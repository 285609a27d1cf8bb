import { createCommitter } from "../../../src/db/commit.ts";
import { openDatabase } from "../../../src/db/database.ts";
import { createStore } from "../../../src/db/store.ts";
import {
  type CoordinatorSettings,
  createCoordinator,
  type MasterEvent,
} from "../../../src/roles/master/coordinator.ts";
import { VcError } from "../../../src/shared/errors.ts";
import type { JobOrder } from "../../../src/shared/job.ts";
import { createRandom } from "../../sim/random.ts";
import { settings } from "../../sim/settings.ts";

/** A real queue in memory on a clock that the test moves; `restart` is a new master on the same tables. */
export function openQueue(changed: Partial<CoordinatorSettings> = {}, random = createRandom(1).next) {
  const database = openDatabase({ path: ":memory:" });
  const store = createStore(database);
  const events: MasterEvent[] = [];
  let committer = createCommitter(database);
  let coordinator = start(changed);
  let time_ms = 0;
  let epoch_ms = 0;
  let wall_ms = Date.UTC(2026, 0, 1);

  function start(with_settings: Partial<CoordinatorSettings>) {
    const started = createCoordinator({
      store,
      committer,
      settings: { ...settings, ...with_settings },
      random,
    });
    started.subscribe((event) => events.push(event));
    return started;
  }

  const queue = {
    database,
    store,
    events,
    /** The coordinator's methods, each in its own commit, with the time filled in. */
    run: <T>(operation: (c: typeof coordinator, now: { wall_ms: number; monotonic_ms: number }) => T): T => {
      const now = { wall_ms: wall_ms + time_ms, monotonic_ms: time_ms - epoch_ms };
      return committer.runNow(() => ({ value: operation(coordinator, now) })).value;
    },
    wait: (ms: number): void => {
      time_ms += ms;
      queue.run((c, now) => c.upkeep(now));
    },
    /** Moves the wall clock alone. */
    setBack: (ms: number): void => {
      wall_ms -= ms;
    },
    restart: (with_settings: Partial<CoordinatorSettings> = {}): void => {
      committer = createCommitter(database);
      epoch_ms = time_ms;
      coordinator = start({ ...changed, ...with_settings });
    },
    add: (...names: string[]) =>
      queue.run((c, now) =>
        c.addSources(
          names.map((source_rel) => ({ source_rel, size: 10, mtime_ns: "1" })),
          now,
        ),
      ),
    register: (worker_id: string, session = `${worker_id}-1`, hostname = `${worker_id}-host`) =>
      queue.run((c, now) => c.register({ worker_id, session, hostname, version: "1", concurrency: 1 }, now)),
    claim: (worker_id: string, claim_id?: string, max = 1): JobOrder[] => {
      const input = { worker_id, protocol: 2 as const, max, ...(claim_id === undefined ? {} : { claim_id }) };
      const reply = queue.run((c, now) => c.claim(input, now));
      return reply !== null && "jobs" in reply ? reply.jobs : [];
    },
    claimOne: (worker_id: string): JobOrder => {
      const [order] = queue.claim(worker_id);
      if (order === undefined) throw new Error("there was nothing to claim");
      return order;
    },
    handIn: (worker_id: string, { id: job_id, attempt }: JobOrder) =>
      queue.run((c, now) => c.beginPublish({ job_id, worker_id, attempt }, now)),
    publish: (worker_id: string, order: JobOrder) => {
      queue.handIn(worker_id, order);
      const of = { job_id: order.id, attempt: order.attempt };
      const file = { output_rel: order.output_rel, size: 7, mtime_ns: "70" };
      return queue.run((c, now) => c.finishPublish(of, { published: [file] }, now));
    },
    fail: (worker_id: string, { id: job_id, attempt }: JobOrder, how: object = {}) =>
      queue.run((c, now) => c.fail({ job_id, worker_id, attempt, error_message: "it broke", ...how }, now))
        .status,
    hold: (worker_id: string, { id: job_id, attempt }: JobOrder) =>
      queue.run((c, now) => c.progress({ worker_id, held: [{ job_id, attempt }] }, now)),
    job: (id: string) => queue.run((c, now) => c.job(id, now).job),
  };
  return queue;
}

/** The code of the refusal that something ends in. */
export function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VcError) return error.code;
    throw error;
  }
  return "none";
}
