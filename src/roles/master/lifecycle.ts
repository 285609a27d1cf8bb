import { type JobStatus, LOST_REASONS, type Reason } from "../../shared/job.ts";

/**
 * The life of a job, in one place:
 *
 *     pending -> processing (claim)            processing -> publishing -> completed
 *     processing -> pending   a retryable failure (counts, back-off), or lost (counts in lost_count only, and not at
 *                             all where the disk was full or the worker was stopped: people take their own time)
 *     processing -> failed    retries used up, a permanent failure, or given up (gave_up): lost max_lost times, or
 *                             too many workers died of it
 *     failed -> pending       it failed on one worker only, and that one fails everything (excuse)
 *     processing -> skipped   with a reason found by the worker
 *     pending, failed, skipped -> skipped     the rules leave it alone, as its path or size tells
 *     pending, processing -> cancelled         failed, cancelled -> pending  retry by a person
 *     completed, skipped, failed -> pending    the source changed
 *     any but processing, publishing -> cancelled     a person put the replaced source back (undo)
 *     skipped -> pending      the rules or settings that left it alone have changed (wanted)
 *     processing, publishing -> pending        the source was seen to have changed; it waits for the next scan
 *
 * "Lapsed": the lease of the newest attempt ran out and nothing else has happened to the job since. The job is
 * pending (or given up), yet its worker may still resume it, and then go on or hand in, until another claim
 * replaces the attempt.
 */
export type JobFacts = { status: JobStatus; retry_count: number; lost_count: number };
export type Limits = { max_retries: number; max_lost: number };

export type JobEvent =
  | {
      type:
        | "claim"
        | "resume"
        | "publish"
        | "published"
        | "requeue"
        | "cancel"
        | "retry"
        | "source_changed"
        | "undo"
        | "wanted";
    }
  | { type: "skip"; reason: Reason }
  | { type: "failed"; outcome: "retry" | "permanent" | "skipped"; reason: Reason }
  /** `deaths`: of workers that ran it, this one included, where its worker died. */
  | { type: "lost"; reason: Reason; deaths?: number }
  /** That a worker died of it became known later. */
  | { type: "give_up"; deaths: number }
  /** So many of its failures were its worker's fault; `ended_it`: the newest of its attempts is one of them. */
  | { type: "excuse"; attempts: number; ended_it: boolean; reason: Reason | null };

/** What becomes of the job. `back_off`: it waits before it runs again. */
export type Change = JobFacts & { reason: Reason | null; back_off: boolean };
export type Refusal = { refused: string };

/** @returns the job's next state, or in words why the event cannot happen to it. */
export function transition(job: JobFacts, event: JobEvent, limits: Limits): Change | Refusal {
  const to = (status: JobStatus, change: Partial<Change> = {}): Change => ({
    status,
    reason: null,
    retry_count: job.retry_count,
    lost_count: job.lost_count,
    back_off: false,
    ...change,
  });
  const fresh = { retry_count: 0, lost_count: 0 };
  if (!ALLOWED[event.type].includes(job.status)) return { refused: refusal(job.status, event.type) };
  switch (event.type) {
    case "claim":
      return to("processing");
    case "resume":
      // It was not lost after all.
      return to("processing", { lost_count: Math.max(0, job.lost_count - 1) });
    case "publish":
      return to("publishing");
    case "published":
      return to("completed");
    case "requeue":
      return to("pending", { reason: "source_changed", back_off: true });
    case "cancel":
      return to("cancelled", { reason: "cancelled" });
    case "undo":
      return to("cancelled", { ...fresh, reason: "undone" });
    case "retry":
    case "source_changed":
    case "wanted":
      return to("pending", fresh);
    case "skip":
      return to("skipped", { ...fresh, reason: event.reason });
    case "lost":
      return afterLoss(job.lost_count + (countsAsLoss(event.reason) ? 1 : 0), event);
    case "give_up":
      if (!isDeadly(event.deaths)) return { refused: "it has not cost enough workers" };
      return to("failed", { reason: "gave_up" });
    case "excuse":
      if (job.status === "failed" && !event.ended_it) return { refused: "something else has ended it" };
      return afterExcuse(event);
    case "failed":
      return afterFailure(event);
  }

  function isDeadly(deaths: number): boolean {
    // The first death may have been that of another film beside it.
    return deaths >= Math.max(2, limits.max_retries);
  }
  function afterLoss(
    lost_count: number,
    { reason, deaths = 0 }: Extract<JobEvent, { type: "lost" }>,
  ): Change {
    return lost_count >= limits.max_lost || isDeadly(deaths)
      ? to("failed", { lost_count, reason: "gave_up" })
      : to("pending", { lost_count, reason, back_off: WAITING.has(reason) });
  }
  function afterExcuse({ attempts, reason }: Extract<JobEvent, { type: "excuse" }>): Change {
    const lost_count = job.lost_count + attempts;
    if (job.status !== "failed") {
      const retry_count = Math.max(0, job.retry_count - attempts);
      return to(job.status, { reason: job.status === "pending" ? reason : null, retry_count, lost_count });
    }
    // The last failure took no retry: there was none left.
    const retry_count = Math.max(0, job.retry_count - attempts + 1);
    return to("pending", { reason, retry_count, lost_count });
  }
  function afterFailure({ outcome, reason }: Extract<JobEvent, { type: "failed" }>): Change {
    if (outcome === "skipped") return to("skipped", { reason });
    if (outcome === "permanent" || job.retry_count >= limits.max_retries) return to("failed", { reason });
    return to("pending", { reason, retry_count: job.retry_count + 1, back_off: true });
  }
}

/** However often a disk is full or a person stops a worker: it says nothing of the film. */
export function countsAsLoss(reason: Reason | null): boolean {
  return reason !== "disk_full" && reason !== "drained";
}

/** From which states an event is possible. `resume` besides only while the newest attempt is lapsed. */
const ALLOWED: Record<JobEvent["type"], JobStatus[]> = {
  claim: ["pending"],
  resume: ["pending", "failed"],
  publish: ["processing"],
  published: ["publishing"],
  requeue: ["publishing"],
  cancel: ["pending", "processing"],
  retry: ["failed", "cancelled", "pending"],
  source_changed: ["completed", "skipped", "failed", "pending"],
  wanted: ["skipped"],
  undo: ["completed", "skipped", "failed", "pending", "cancelled"],
  skip: ["pending", "failed", "skipped"],
  lost: ["processing", "publishing"],
  give_up: ["pending"],
  excuse: ["pending", "processing", "publishing", "failed"],
  failed: ["processing", "publishing"],
};

function refusal(status: JobStatus, event: JobEvent["type"]): string {
  if (event === "cancel" && status === "publishing") return "it is being published at this moment";
  if (event === "cancel") return `it is ${status} already`;
  if (event === "retry") return `it is ${status}; only failed and cancelled jobs can be queued again`;
  return `it is ${status}`;
}

/** What lasts for a while: at once, the next attempt would end in the same way. */
const WAITING = new Set<Reason>([
  "source_changed",
  "mount_lost",
  "transfer_failed",
  "disk_full",
  "ffmpeg_missing",
]);

/** How an attempt stands to its job: what a message about it may still do. */
export type Standing =
  /** The worker runs it, with a lease. */
  | "held"
  /** Its lease ran out, and nobody has claimed the job since: it may go on. */
  | "lapsed"
  | "publishing"
  /** The worker itself ended it, and was answered: repeats get the same answer. */
  | "answered"
  /** Replaced, cancelled or taken away: nothing it says counts. */
  | "stale";

export type AttemptFacts = {
  attempt: number;
  outcome: string | null;
  reason: Reason | null;
  answer: JobStatus | null;
};

export function standing(job: { status: JobStatus; attempt: number }, attempt: AttemptFacts): Standing {
  if (attempt.answer !== null) return "answered";
  if (attempt.attempt !== job.attempt) return "stale";
  if (job.status === "publishing") return "publishing";
  if (job.status === "processing" && attempt.outcome === null) return "held";
  const ranOut = attempt.outcome === "lost" && attempt.reason === "lease_expired";
  return ranOut && (job.status === "pending" || job.status === "failed") ? "lapsed" : "stale";
}

/** Ends that are nobody's fault: they cost no retry, whatever else the worker says. */
export function isLoss(reason: Reason): boolean {
  return LOST_REASONS.some((lost) => lost === reason);
}
