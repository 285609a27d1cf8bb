import type { AttemptRow, JobRow, WorkerRow } from "../../db/schema.ts";
import type { Instant } from "../../shared/clock.ts";
import type { Context } from "./context.ts";
import type { AttemptKey } from "./leases.ts";
import { countsAsLoss } from "./lifecycle.ts";
import { endAttempt, move } from "./moves.ts";
import { noteFailure } from "./quarantines.ts";

type Held = { job: JobRow; attempt: AttemptRow };

/**
 * The process of a worker has ended without a word, and another one begins: what it ran goes to others, and counts as
 * a death of its worker. A film that was there at as many deaths as it may have retries, at least two, is parked. What it
 * had `finished` stays its own: the new process hands it in.
 */
export function noteDeath(
  context: Context,
  worker: WorkerRow,
  now: Instant,
  finished: readonly AttemptKey[] = [],
): void {
  const { store } = context;
  const message = `Worker ${worker.id} died while it ran, and was started anew.`;
  const died = [...heldBy(context, worker.id), ...ranOut(context, worker)].filter(
    ({ attempt: { job_id, attempt } }) =>
      !finished.some((one) => one.job_id === job_id && one.attempt === attempt),
  );
  for (const { job, attempt } of died) {
    const reason = "worker_restarted" as const;
    if (attempt.outcome === null) {
      const deaths = deathsOf(job, store.attemptsOf(job.id)) + 1;
      const event = { type: "lost", reason, deaths } as const;
      const told = { outcome: "lost", reason, message: tell(message, deaths), ended_by: null } as const;
      endAttempt(context, { job, attempt }, { ...told, event }, now);
    } else {
      store.saveAttempt({ ...attempt, reason, message });
      parkLate(context, job, message, now);
    }
  }
  // One death, however many films: the one that was there at most of them is the likeliest to be known elsewhere.
  const first = died.sort((a, b) => b.job.lost_count - a.job.lost_count)[0]?.attempt;
  if (first !== undefined) noteFailure(context, first, { reason: "worker_restarted", message }, now);
}

/** Its lease had run out before: that it died is only known now. */
function parkLate(context: Context, job: JobRow, message: string, now: Instant): void {
  if (job.status !== "pending") return;
  const deaths = deathsOf(job, context.store.attemptsOf(job.id));
  // Refused where it has not died often enough.
  move(context, job, { type: "give_up", deaths }, now, { error_message: tell(message, deaths) });
}

function tell(message: string, deaths: number): string {
  return deaths < 2
    ? message
    : `${message} It is the ${ordinal(deaths)} time that a worker died of this film, or beside it.`;
}

function ordinal(number: number): string {
  const endings: Record<number, string> = { 1: "st", 2: "nd", 3: "rd" };
  const teen = number % 100 > 10 && number % 100 < 14;
  return `${number}${(teen ? undefined : endings[number % 10]) ?? "th"}`;
}

function heldBy({ store }: Context, worker_id: string): Held[] {
  return store.heldJobsOf(worker_id).flatMap((job) => {
    const attempt = store.attempt({ job_id: job.id, attempt: job.attempt });
    return attempt === undefined || job.status !== "processing" ? [] : [{ job, attempt }];
  });
}

/** What it was running when it fell silent for good: had it been heard since, something else would have been wrong. */
function ranOut({ store }: Context, worker: WorkerRow): Held[] {
  if (worker.stopped) return [];
  return store.expiredAttemptsOf(worker.id).flatMap((attempt) => {
    const job = store.job(attempt.job_id);
    const heard_since = (worker.last_heartbeat ?? "") >= (attempt.ended_at ?? "");
    return job === undefined || heard_since ? [] : [{ job, attempt }];
  });
}

/**
 * How many workers died with this film since it was last queued afresh: `lost_count` begins anew then, so only so
 * many of its newest losses count.
 */
export function deathsOf(job: JobRow, attempts: AttemptRow[]): number {
  if (job.lost_count === 0) return 0;
  return attempts
    .filter(({ outcome, reason }) => outcome === "lost" && countsAsLoss(reason))
    .slice(-job.lost_count)
    .filter(({ reason }) => reason === "worker_restarted").length;
}
