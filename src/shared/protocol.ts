import * as v from "valibot";
import { originalEndpoints } from "./endpoints-originals.ts";
import { peopleEndpoints } from "./endpoints-people.ts";
import { tokenEndpoints } from "./endpoints-tokens.ts";
import { transferEndpoints } from "./endpoints-transfer.ts";
import { workerEndpoints } from "./endpoints-worker.ts";
import { ERRORS, type ErrorCode } from "./errors.ts";

/**
 * The contract between master, workers and people's commands. From this table come the master's routes, the
 * client, the simulated network and /openapi.json.
 *
 * The order of a worker's calls:
 *  1. `register`, with a random `session` for this start of the process. A live worker of the same id on another
 *     host is refused (worker_id_taken); on the same host it replaces the old session, whose leases end at once.
 *     Any later call of the replaced session is refused (session_replaced): that process must stop.
 *  2. `prove_mount`, until it says that both sides see the same files.
 *  3. `next_job`, again and again, with a fresh `claim_id` for each claim. The same claim_id gives the same jobs,
 *     so a claim is repeated until it is answered. `wait` holds the call open until there is work.
 *  4. For each job `job_progress` (which renews its lease) and at the end `job_complete` or `job_failed` (several at
 *     once: `jobs_failed`), repeated until answered. They may be repeated for ever and give the same answer.
 *     Workers without a mount read and write films by the calls of endpoints-transfer.ts meanwhile.
 *     `stale_attempt` is final: the job has gone to somebody else, and what was made must be thrown away.
 *  5. `heartbeat` all the while: it renews the leases of every attempt in `held`, and its reply names those that
 *     must stop. `control` does the same at once, by long-poll.
 *  `unknown_worker` means that the master lost its memory of this worker: register again, and go on.
 *
 * Clients of the seed document leave out `protocol`, `session`, `claim_id` and `attempt`; see DESIGN in ARCHITECTURE.md.
 */
export const protocol = {
  ...workerEndpoints,
  ...transferEndpoints,
  ...peopleEndpoints,
  ...tokenEndpoints,
  ...originalEndpoints,
};

export type Protocol = typeof protocol;
export type Endpoint = keyof Protocol;
/** What a caller gives, and what a handler is given once it was checked. */
export type CallInput<E extends Endpoint> = v.InferInput<Protocol[E]["input"]>;
export type Input<E extends Endpoint> = v.InferOutput<Protocol[E]["input"]>;
export type Reply<E extends Endpoint> = v.InferOutput<Protocol[E]["reply"]>;

/** The body of every refusal. */
export const ErrorBody = v.object({
  error: v.picklist(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: v.string(),
});
export type ErrorBody = v.InferOutput<typeof ErrorBody>;
