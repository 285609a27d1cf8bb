import type { CountRow } from "../../db/totals.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import { JOB_STATUSES, type Reason } from "../../shared/job.ts";
import type { Counts, Stats, Status } from "../../shared/status.ts";
import { canClaim, type Worker } from "../../shared/worker.ts";
import type { Context } from "./context.ts";
import { listWorkers } from "./presence.ts";
import { measureThroughput, type Throughput, type Work } from "./throughput.ts";

const WINDOW_MS = 3_600_000;
/** So many of the newest films are measured: a screen must stay cheap on a farm that does thousands an hour. */
const MOST_MEASURED = 1000;

export function status(context: Context, now: Instant): Omit<Status, "problems" | "scan" | "timestamp"> {
  const rows = context.store.counts();
  const counts = countByStatus(rows);
  const workers = listWorkers(context, now);
  const running = runningFilms(context, now);
  const throughput = measure(context, running, now);
  const left = rows.filter(
    ({ status: is }) => is === "pending" || is === "processing" || is === "publishing",
  );
  const done_bytes = running.reduce((total, { share, source_bytes }) => total + share * source_bytes, 0);
  const left_bytes = Math.max(0, sum(left, "source_bytes") - done_bytes);
  return {
    ...counts,
    total: sum(rows, "jobs"),
    skipped_for: skippedFor(rows),
    workers,
    throughput: counts.completed === 0 ? UNKNOWN : throughput,
    eta_s: estimate({ left_bytes, pending: counts.pending, workers, throughput }),
  };
}

function skippedFor(rows: CountRow[]): Status["skipped_for"] {
  return rows
    .flatMap(({ status: is, reason, jobs }) => (is === "skipped" && reason !== "" ? [{ reason, jobs }] : []))
    .toSorted((a, b) => b.jobs - a.jobs);
}

/** What of the queue a person should look at, a sentence each. */
export function remarks({ store }: Context): string[] {
  const failed = store.counts().filter((row) => row.status === "failed");
  const filmsOf = (reason: Reason) => {
    const films = sum(
      failed.filter((row) => row.reason === reason),
      "jobs",
    );
    return { films, subject: films === 1 ? "1 film" : `${films} films`, have: films === 1 ? "has" : "have" };
  };
  const [troubled, unreadable] = [filmsOf("worker_error"), filmsOf("source_unreadable")];
  return [
    troubled.films > 0 &&
      `${troubled.subject} ${troubled.have} failed by trouble on a worker: \`vc jobs --status failed\` tells which and why, and \`vc retry\` queues them again once that is repaired.`,
    unreadable.films > 0 &&
      `${unreadable.subject} may not be read by any worker: \`vc jobs --status failed\` tells which. Give the users that are named there the right to read them; they are tried again once a day, or at once after \`vc retry\`.`,
  ].filter((remark) => remark !== false);
}

const UNKNOWN: Throughput = { files_per_hour: null, bytes_per_second: null };

/** Null where nobody is there to do what is left. */
function estimate(of: {
  left_bytes: number;
  pending: number;
  workers: Worker[];
  throughput: Throughput;
}): number | null {
  const { left_bytes, throughput } = of;
  if (left_bytes === 0) return 0;
  if (of.pending > 0 && !of.workers.some(canClaim)) return null;
  return throughput.bytes_per_second ? Math.round(left_bytes / throughput.bytes_per_second) : null;
}

export function stats(context: Context): Omit<Stats, "timestamp" | "started_at" | "version"> {
  const rows = context.store.counts();
  const completed = rows.filter((row) => row.status === "completed");
  const { encode_ms, verify_ms } = context.store.spentTimes();
  return {
    counts: countByStatus(rows),
    source_bytes: sum(rows, "source_bytes"),
    completed_source_bytes: sum(completed, "source_bytes"),
    completed_output_bytes: sum(completed, "output_bytes"),
    completed_source_seconds: sum(completed, "source_ms") / 1000,
    encode_seconds: encode_ms / 1000,
    verify_seconds: verify_ms / 1000,
    reasons: rows.flatMap(({ status: is, reason, jobs }) =>
      reason === "" ? [] : [{ status: is, reason, jobs }],
    ),
    by_worker: context.store.allWorkers().map((row) => ({
      worker_id: row.id,
      completed: row.completed,
      failed: row.failed,
      lost: row.lost,
      encode_seconds: row.encode_ms / 1000,
    })),
  };
}

/** What is being worked on now, as far as its worker tells how far it is. */
function runningFilms({ store, leases }: Context, now: Instant): Work[] {
  return store.heldJobs().flatMap(({ id, status: is, started_at, source_size }) => {
    const percent = is === "publishing" ? 100 : leases.progress(id)?.percent;
    if (percent === undefined) return [];
    const begun_ms = started_at === null ? now.wall_ms : Date.parse(started_at);
    return [{ begun_ms, ended_ms: now.wall_ms, source_bytes: source_size, share: percent / 100 }];
  });
}

/** Over the last hour, or the shorter time in which the newest films were finished. */
function measure({ store }: Context, running: Work[], now: Instant): Throughput {
  const since_ms = now.wall_ms - WINDOW_MS;
  const rows = store.finishedSince(toTimestamp(since_ms), MOST_MEASURED);
  const oldest = rows.length < MOST_MEASURED ? undefined : rows.at(-1);
  const finished = rows.map(({ started_at, completed_at, source_size }) => ({
    begun_ms: Date.parse(started_at ?? completed_at),
    ended_ms: Date.parse(completed_at),
    source_bytes: source_size,
    share: 1,
  }));
  const from_ms = oldest === undefined ? since_ms : Date.parse(oldest.completed_at);
  return measureThroughput([...finished, ...running], from_ms, now.wall_ms);
}

function countByStatus(rows: CountRow[]): Counts {
  const of = (status: string) =>
    sum(
      rows.filter((row) => row.status === status),
      "jobs",
    );
  return Object.fromEntries(JOB_STATUSES.map((name) => [name, of(name)])) as Counts;
}

function sum(rows: CountRow[], field: "jobs" | "source_bytes" | "output_bytes" | "source_ms"): number {
  return rows.reduce((total, row) => total + row[field], 0);
}
