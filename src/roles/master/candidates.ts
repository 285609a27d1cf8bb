import type { AttemptRow, JobRow, WorkerRow } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import type { Context } from "./context.ts";
import { deathsOf } from "./deaths.ts";
import { othersReady, silence } from "./presence.ts";
import { isFailure } from "./quarantines.ts";

/** How many jobs are looked at for one claim at most, where many are better left to others. */
const MOST_LOOKED_AT = 512;

/**
 * The next jobs for a worker, in the order of the queue. A film that failed on it is left to others for a while, and
 * films that were running when a worker died come one at a time, so that the one that kills workers is found out.
 * `probe`: rather a film that says something about the worker than one that failed on it before.
 */
export function candidates(
  context: Context,
  worker: WorkerRow,
  of: { limit: number; probe: boolean },
  now: Instant,
): JobRow[] {
  const judge = createJudge(context, worker, now);
  for (let looked_at = of.limit; ; looked_at = Math.min(looked_at * 8, MOST_LOOKED_AT)) {
    const jobs = context.store.claimableJobs(looked_at);
    const chosen = choose(jobs, judge, of);
    const all = jobs.length < looked_at || looked_at >= MOST_LOOKED_AT;
    if (chosen.length === of.limit || (all && (chosen.length > 0 || !of.probe))) return chosen;
    if (all) return choose(jobs, judge, { ...of, probe: false });
  }
}

function choose(
  jobs: JobRow[],
  judge: ReturnType<typeof createJudge>,
  { limit, probe }: { limit: number; probe: boolean },
): JobRow[] {
  const chosen: JobRow[] = [];
  let suspects = 0;
  for (const job of jobs) {
    if (chosen.length === limit) break;
    const { suspect, tried, better_elsewhere } = judge.look(job);
    if (better_elsewhere || (probe && tried)) continue;
    if (suspect && suspects + judge.suspectsHeld() > 0) continue;
    if (suspect) suspects += 1;
    chosen.push(job);
  }
  return chosen;
}

/** Nearly all films have never failed, and cost nothing here. */
function createJudge(context: Context, worker: WorkerRow, now: Instant) {
  const { store } = context;
  let others: WorkerRow[] | undefined;
  let held: number | undefined;
  const isPlain = (job: JobRow) => job.retry_count === 0 && job.lost_count === 0;
  let loads: Map<string, number> | undefined;
  const hasRoom = ({ id, concurrency }: WorkerRow) => {
    // After a power cut each of a thousand workers asks this of all others.
    loads ??= store.heldCounts();
    return (loads.get(id) ?? 0) < concurrency;
  };
  const isSuspect = (job: JobRow, attempts: AttemptRow[]) => deathsOf(job, attempts) > 0;
  return {
    look(job: JobRow) {
      if (isPlain(job)) return { suspect: false, tried: false, better_elsewhere: false };
      const attempts = store.attemptsOf(job.id);
      const failed_on = new Set(
        attempts.filter((one) => isFailure(one) || isForOthers(one)).map(({ worker_id }) => worker_id),
      );
      const tried = failed_on.has(worker.id);
      const suspect = isSuspect(job, attempts);
      if (!tried || !isFresh(context, job, now)) return { suspect, tried, better_elsewhere: false };
      others ??= othersReady(context, worker.id, now).filter((other) => isHeard(context, other, now));
      const fit = others.filter(({ id }) => !failed_on.has(id));
      // One death may be a power cut: rather here, where it began, than waiting for others that are busy.
      const died_once = job.retry_count === 0 && deathsOf(job, attempts) === 1;
      return { suspect, tried, better_elsewhere: died_once ? fit.some(hasRoom) : fit.length > 0 };
    },
    suspectsHeld: () => {
      held ??= store
        .heldJobsOf(worker.id)
        .filter((job) => !isPlain(job) && isSuspect(job, store.attemptsOf(job.id))).length;
      return held;
    },
  };
}

/** Nothing is wrong with the worker, and another one may do what it cannot. */
function isForOthers({ outcome, reason }: AttemptRow): boolean {
  return reason === "source_unreadable" || (outcome === "retry" && reason === "unsupported");
}

/** Who was silent for a lease is as good as gone, and no film waits for it; upkeep tells those who wait for films. */
function isHeard(context: Context, worker: WorkerRow, now: Instant): boolean {
  return silence(context, worker, now) < context.settings.lease_ms;
}

/** Others get some time, not for ever: a worker that lives may yet take nothing. */
function isFresh({ settings }: Context, job: JobRow, now: Instant): boolean {
  const age_ms = now.wall_ms - job.updated_ms;
  return age_ms >= 0 && age_ms < settings.retry_delay_max_ms;
}
