import type { OutputMode } from "../../shared/config-values.ts";
import { type ErrorCode, messageOf, VcError } from "../../shared/errors.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Handlers } from "./http.ts";
import type { LongPoll } from "./longpoll.ts";
import type { Publisher } from "./publish.ts";
import { isOpenToAll, repairStaging, type Storage, sampleOf, seesCanary } from "./storage.ts";
import type { Transact } from "./transact.ts";
import type { Uploads } from "./uploads.ts";
import { lookAtFile } from "./walk.ts";

/** More prove little; each costs a read of 64 KiB on both sides. */
const SAMPLES = 3;
const CANDIDATES = 24;

export type WorkerHandlers = Pick<
  Handlers,
  | "register"
  | "prove_mount"
  | "upload"
  | "next_job"
  | "job_progress"
  | "job_complete"
  | "job_failed"
  | "jobs_failed"
  | "heartbeat"
  | "control"
>;

/** What workers call. */
export function workerHandlers(of: {
  coordinator: Coordinator;
  transact: Transact;
  storage: Storage;
  output_mode: OutputMode;
  longPoll: LongPoll;
  publisher: Publisher;
  uploads: Uploads;
}): WorkerHandlers {
  const { coordinator, transact, storage, longPoll } = of;
  return {
    async register(input) {
      const living = await livingRival(of, input);
      const { lease_ms } = await transact((now) => coordinator.register(input, now, living));
      const { root, root_path, output_base, nonce } = storage;
      return {
        lease_ms,
        storage: {
          root,
          source_root: root_path,
          output_base,
          nonce,
          output_mode: of.output_mode === "keep" ? 0o644 : of.output_mode,
        },
      };
    },
    async prove_mount(input) {
      await repairStaging(storage).catch(messageOf);
      const seen = await seesCanary(storage, input.canary);
      const sources = await chooseSamples(of);
      const samples = await Promise.all(sources.map((source_rel) => sampleOf(storage, source_rel)));
      return { seen, samples: samples.filter((sample) => sample !== null) };
    },
    upload: async (input) => ({ offset: await of.uploads.begin(input) }),
    next_job: (input, { signal }) => longPoll.nextJob(input, signal),
    job_progress: (input) => transact((now) => coordinator.progress(input, now)),
    job_complete: (input) => of.publisher.complete(input),
    job_failed: (input) => fail(of, input),
    async jobs_failed({ worker_id, reports }) {
      const ends = await Promise.allSettled(reports.map((report) => fail(of, { ...report, worker_id })));
      return { answers: ends.map((end) => (end.status === "fulfilled" ? end.value : refusalIn(end.reason))) };
    },
    heartbeat: (input) => transact((now) => coordinator.heartbeat(input, now)),
    control: (input, { signal }) => longPoll.control(input, signal),
  };
}

/**
 * Rather what everyone may read: a film that a worker's user may not read tells nothing about its mount. One that was
 * converted before stands among them, as all that are left may be such films.
 */
async function chooseSamples(of: { coordinator: Coordinator; storage: Storage }): Promise<string[]> {
  const { waiting, done } = of.coordinator.sampleSources(CANDIDATES);
  const openFirst = async (sources: { source_rel: string }[]) => {
    const names = sources.map(({ source_rel }) => source_rel);
    const open = await Promise.all(names.map((name) => isOpenToAll(of.storage, name)));
    return [...names.filter((_, at) => open[at]), ...names.filter((_, at) => !open[at])];
  };
  return [...(await openFirst(waiting)).slice(0, SAMPLES), ...(await openFirst(done)).slice(0, 1)];
}

/** The session of another process with the same id, if that one is found to live. */
async function livingRival(
  { coordinator, longPoll }: { coordinator: Coordinator; longPoll: LongPoll },
  input: Input<"register">,
): Promise<string | null> {
  const session = coordinator.rival(input);
  if (session === null) return null;
  return (await longPoll.answers({ worker_id: input.worker_id, session })) ? session : null;
}

type Queue = { coordinator: Coordinator; transact: Transact; storage: Storage };

async function fail(of: Queue, input: Input<"job_failed">): Promise<Reply<"job_failed">> {
  const told = input.reason === "source_missing" ? await doubtMissing(of, input) : input;
  return of.transact((now) => of.coordinator.fail(told, now));
}

/** What a single call would have answered. A commit that failed is the whole call's failure: all of it is repeated. */
function refusalIn(error: unknown): { ok: false; error: ErrorCode; message: string } {
  if (!(error instanceof VcError) || error.code === "unavailable") throw error;
  return { ok: false, error: error.code, message: error.message };
}

/** Only a source that the master misses too is gone; else it is the worker's mount that does not show it. */
async function doubtMissing(
  { coordinator, transact, storage }: Queue,
  input: Input<"job_failed">,
): Promise<Input<"job_failed">> {
  const { job } = await transact((now) => coordinator.job(input.job_id, now));
  const seen = await lookAtFile(storage.root_path, job.source_rel).catch(messageOf);
  if (seen === null) return input;
  const error_message = `${input.error_message} The master sees it: check the worker's mount.`;
  return { ...input, outcome: "retry", reason: "mount_lost", error_message };
}
