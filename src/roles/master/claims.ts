import { join } from "node:path";
import type { AttemptRow, JobRow, WorkerRow } from "../../db/schema.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import { crashPoint } from "../../shared/crash-point.ts";
import { VcError } from "../../shared/errors.ts";
import type { Job, JobOrder } from "../../shared/job.ts";
import type { Input, Reply } from "../../shared/protocol.ts";
import type { Wish } from "../../shared/rules.ts";
import { candidates } from "./candidates.ts";
import type { Context } from "./context.ts";
import { standing } from "./lifecycle.ts";
import { keyOf, mustMove } from "./moves.ts";
import { renameFor } from "./naming.ts";
import { refuseToReplace } from "./places.ts";
import { trustIn } from "./quarantine.ts";
import { noteProbe } from "./quarantines.ts";
import { stillWaiting } from "./retry.ts";
import { leaveAlone } from "./ruling.ts";
import { jobsToGrant } from "./scheduler.ts";
import { identify } from "./sessions.ts";
import { toJob, toOrder } from "./views.ts";

const NO_PROOF =
  "storage.replace is on, and this client says nothing of how it verifies: films are given to vc's own workers only.";

type Claimed = { job: JobRow; attempt: AttemptRow };

/** Gives jobs to a worker; null when there is nothing for it. The same claim_id gives the same jobs again. */
export function claim(context: Context, input: Input<"next_job">, now: Instant): Reply<"next_job"> {
  const { store } = context;
  const worker = identify(context, input, now);
  if (context.settings.replace === true && input.protocol !== 2) throw new VcError("conflict", NO_PROOF);
  if (input.claim_id !== undefined) {
    const before = store.attemptsByClaim({ claim_id: input.claim_id, worker_id: worker.id });
    // All ended meanwhile: a late repeat, for whose answer nobody waits any more.
    if (before.length > 0) return answer(context, input, stillHeld(context, before));
  }
  const trust = trustIn(worker.record, now.wall_ms, context.settings);
  const held = trust === "trusted" ? 0 : store.heldJobsOf(worker.id).length;
  const { draining } = worker;
  const limit = jobsToGrant({ draining, trust, held, protocol: input.protocol, max: input.max });
  if (limit === 0) return null;
  store.releaseDue(stillWaiting(now.wall_ms, context.settings));
  const probe = trust === "probation";
  const jobs = allowed(context, () => candidates(context, worker, { limit, probe }, now), now);
  if (jobs.length > 0) crashPoint("claim.granting");
  const granted = jobs.map((job) => grant(context, { job, worker, input }, now));
  if (jobs.length > 0) crashPoint("claim.granted");
  const [first] = granted;
  if (probe && first !== undefined) noteProbe(context, worker, first.attempt);
  return answer(context, input, granted);
}

function stillHeld({ store }: Context, attempts: AttemptRow[]): Claimed[] {
  return attempts.flatMap((attempt) => {
    const job = store.job(attempt.job_id);
    return job !== undefined && standing(job, attempt) === "held" ? [{ job, attempt }] : [];
  });
}

/** As often as a claim looks for others in the place of films that the rules leave alone. */
const MOST_LOOKS = 64;

/** Rules may be newer than the queue: after a start with others, the first scan takes its time. */
function allowed(context: Context, look: () => JobRow[], now: Instant): JobRow[] {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const jobs = look();
    const left = jobs.filter((job) => {
      const refused = context.wishes.refuse({ source_rel: job.source_rel, size: job.source_size });
      return leaveAlone(context, job, now, refused ?? refuseToReplace(context, job, job.id)) !== null;
    });
    if (left.length === 0) return jobs;
  }
  // There may be others behind them: whoever waits asks again.
  context.emit(() => ({ type: "queued" }));
  return [];
}

function grant(
  context: Context,
  { job, worker, input }: { job: JobRow; worker: WorkerRow; input: Input<"next_job"> },
  now: Instant,
): Claimed {
  stopPrevious(context, job);
  const named = renameFor(context, job);
  const started_at = toTimestamp(now.wall_ms);
  const wish = context.wishes.of(job.source_rel);
  const moved = mustMove(context, named, { type: "claim" }, now, {
    worker_id: worker.id,
    attempt: Math.max(job.attempt + 1, context.attempt_floor),
    max_retries: context.settings.max_retries,
    started_at,
    notes: [],
    profile: wish.profile,
    wish_key: wish.key,
  });
  const attempt = newAttempt(moved, worker.id, input, wish.conversion.container);
  context.store.insertAttempt(attempt);
  context.later(() => context.leases.renew(keyOf(attempt), now.monotonic_ms));
  return { job: moved, attempt };
}

/** Whoever ran it before its lease ran out cannot go on from now. */
function stopPrevious(context: Context, job: JobRow): void {
  const previous = context.store.attempt({ job_id: job.id, attempt: job.attempt });
  if (previous === undefined || standing(job, previous) !== "lapsed") return;
  const { worker_id } = previous;
  context.later(() => context.stops.add(worker_id, keyOf(previous)));
  context.emit(() => ({ type: "control", worker_id }));
}

function newAttempt(job: JobRow, worker_id: string, input: Input<"next_job">, extension: string): AttemptRow {
  return {
    job_id: job.id,
    attempt: job.attempt,
    worker_id,
    claim_id: input.claim_id ?? null,
    protocol: input.protocol ?? 1,
    source_size: job.source_size,
    source_mtime_ns: job.source_mtime_ns,
    extension,
    started_at: job.started_at ?? job.created_at,
    ended_at: null,
    outcome: null,
    reason: null,
    message: null,
    output_size: null,
    report: {},
    outputs: null,
    ended_by: null,
    answer: null,
  };
}

function answer(context: Context, input: Input<"next_job">, claimed: Claimed[]): Reply<"next_job"> {
  const [first] = claimed;
  if (first === undefined) return null;
  const order = ({ job, attempt }: Claimed) => toOrder(job, attempt, orderedWish(context, job));
  return input.protocol === 2
    ? { jobs: claimed.map(order) }
    : forSeedClient(context, first.job, order(first));
}

/** What takes a film's place was verified in full. */
function orderedWish(
  { settings, wishes }: Context,
  { source_rel }: JobRow,
): Pick<Wish, "conversion" | "rules"> {
  const wish = wishes.of(source_rel);
  if (settings.replace !== true || wish.conversion.verify !== "quick") return wish;
  return { ...wish, conversion: { ...wish.conversion, verify: "full" } };
}

/** Such a client writes to output_path itself, so it is given the staging file. */
function forSeedClient({ settings }: Context, job: JobRow, order: JobOrder): Job {
  return { ...toJob(job, null), output_path: join(settings.output_base, ".vc", order.staging) };
}
