import { type Clock, toTimestamp } from "../../shared/clock.ts";
import type { Reply } from "../../shared/protocol.ts";
import { version } from "../../shared/version.ts";
import type { Coordinator } from "./coordinator.ts";
import type { OriginalHandlers } from "./handlers-originals.ts";
import type { TokenHandlers } from "./handlers-tokens.ts";
import type { WorkerHandlers } from "./handlers-worker.ts";
import type { Handlers } from "./http.ts";
import type { Problems } from "./problems.ts";
import type { ScanDuty } from "./scan-duty.ts";
import type { Scanner } from "./scanner.ts";
import type { Transact } from "./transact.ts";

/** What people's commands, pages and monitors call. Reading needs no transaction, so it works on a full disk too. */
export function peopleHandlers(of: {
  coordinator: Coordinator;
  transact: Transact;
  problems: Problems;
  scanner: Scanner;
  duty: ScanDuty;
  clock: Clock;
  started_at: string;
}) {
  const { coordinator, transact, problems, clock } = of;
  const timestamp = () => toTimestamp(clock.now().wall_ms);
  return {
    status: (): Reply<"status"> => ({
      ...coordinator.status(clock.now()),
      problems: [...problems.list(), ...coordinator.remarks()],
      scan: of.scanner.state(),
      timestamp: timestamp(),
    }),
    stats: (): Reply<"stats"> => ({
      ...coordinator.stats(clock.now()),
      timestamp: timestamp(),
      started_at: of.started_at,
      version,
    }),
    jobs: (input) => coordinator.jobs(input, clock.now()),
    job: ({ id }) => coordinator.job(id, clock.now()),
    workers: () => ({ workers: coordinator.workers(clock.now()) }),
    cancel_job: async ({ id }) => ({ job: await transact((now) => coordinator.cancel(id, now)) }),
    retry_job: async ({ id }) => ({ job: await transact((now) => coordinator.retry(id, now)) }),
    set_priority: async ({ id, priority }) => ({
      job: await transact((now) => coordinator.setPriority(id, priority, now)),
    }),
    retry_failed: ({ limit }) => transact((now) => coordinator.retryFailed(limit, now)),
    scan: () => of.duty.request(),
    drain_worker: async ({ id }) => {
      await transact((now) => coordinator.drain(id, now));
      return { ok: true };
    },
    resume_worker: ({ id }) => transact((now) => coordinator.resumeWorker(id, now)),
    healthz: () => ({ ok: true, version }),
    readyz: () => ({ ready: problems.stopping().length === 0, problems: problems.stopping() }),
  } satisfies Omit<Handlers, keyof WorkerHandlers | keyof TokenHandlers | keyof OriginalHandlers>;
}
