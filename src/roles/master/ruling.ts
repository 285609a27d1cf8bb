import type { JobRow } from "../../db/schema.ts";
import type { KnownSource } from "../../db/sources.ts";
import type { Instant } from "../../shared/clock.ts";
import type { Reason } from "../../shared/job.ts";
import { RULED, type Wishes } from "../../shared/rules.ts";
import type { Context } from "./context.ts";
import { standing } from "./lifecycle.ts";
import { type Ending, move, mustMove } from "./moves.ts";
import { withBestName } from "./naming.ts";

/** What the rules say of a known source whose file has not changed: `skip` and `queue` change its job. */
export type Ruling = "leave" | "skip" | "queue";
/** Why a film is left alone; null: it is not. */
export type Refused = ReturnType<Wishes["refuse"]>;
type Ruled = Pick<KnownSource, "status" | "reason" | "error_message" | "wish_key">;

/** `refused`: why path and size have it left alone; `wish_key` makes the key of what it would be converted to now. */
export function ruleOn(job: Ruled, refused: Refused, wish_key: () => string): Ruling {
  const { status, reason } = job;
  if (refused !== null) {
    if (status === "pending" || status === "failed") return "skip";
    const outdated = isRuled(reason) && job.error_message !== refused.message;
    return status === "skipped" && outdated ? "skip" : "leave";
  }
  if (status !== "skipped" || !isRuled(reason)) return "leave";
  return BY_THE_MASTER.includes(reason) || job.wish_key !== wish_key() ? "queue" : "leave";
}

/** Decided without a look into the film: what was decided is true as long as the rules say so. */
const BY_THE_MASTER: readonly Reason[] = ["excluded", "too_small", "not_replaceable", "name_taken"];

function isRuled(reason: Reason | null): reason is Reason {
  return reason !== null && (RULED.includes(reason) || BY_THE_MASTER.includes(reason));
}

/**
 * Skips a job that is to be left alone; null where it is not, or not yet: an attempt whose lease ran out may still go on,
 * and its end is waited for.
 */
export function leaveAlone(
  context: Context,
  job: JobRow,
  now: Instant,
  refused: Refused = context.wishes.refuse({ source_rel: job.source_rel, size: job.source_size }),
): JobRow | null {
  if (refused === null) return null;
  const attempt = context.store.attempt({ job_id: job.id, attempt: job.attempt });
  if (attempt !== undefined && standing(job, attempt) === "lapsed") return null;
  const { reason, message: error_message } = refused;
  const moved = move(context, job, { type: "skip", reason }, now, { error_message });
  return "refused" in moved ? null : moved;
}

/**
 * How an attempt ends whose result is not smaller than rules.max_size_ratio asks for; null where it is published. Our own
 * workers see to it themselves, before the film is whole; other clients know nothing of rules.
 */
export function tooLarge(
  context: Context,
  { source_rel, source_size }: JobRow,
  size: number | null,
): Pick<Ending, "event" | "outcome" | "reason" | "message" | "patch"> | null {
  const { rules, key } = context.wishes.of(source_rel);
  const ratio = rules.max_size_ratio;
  if (ratio === null || size === null || size < ratio * source_size) return null;
  const reason = "not_smaller";
  const message = `Left alone: the result has ${size} bytes, its source ${source_size} (rules.max_size_ratio: ${ratio}).`;
  const event = { type: "failed", outcome: "skipped", reason } as const;
  return { event, outcome: "skipped", reason, message, patch: { wish_key: key } };
}

/** Queues a job again that other rules or settings had left alone. */
export function wantAgain(context: Context, job: JobRow, now: Instant): JobRow {
  const named = job.published_rel === null ? withBestName(context, job) : job;
  return mustMove(context, named, { type: "wanted" }, now, { error_message: null });
}
