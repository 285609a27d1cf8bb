import type { CountRow } from "../../db/totals.ts";
import { type Instant, toTimestamp } from "../../shared/clock.ts";
import { JOB_STATUSES } from "../../shared/job.ts";
import type { Counts, Stats, Status } from "../../shared/status.ts";
import type { Context } from "./context.ts";
import { listWorkers } from "./sessions.ts";

const WINDOW_MS = 3_600_000;

export function status(context: Context, now: Instant): Omit<Status, "problems" | "scan" | "timestamp"> {
  const rows = context.store.counts();
  const counts = countByStatus(rows);
  const throughput = measure(context, counts, now);
  const left = rows.filter(
    ({ status: is }) => is === "pending" || is === "processing" || is === "publishing",
  );
  const left_bytes = sum(left, "source_bytes");
  const { bytes_per_second } = throughput;
  return {
    ...counts,
    total: sum(rows, "jobs"),
    workers: listWorkers(context, now),
    throughput,
    eta_s: left_bytes === 0 ? 0 : bytes_per_second ? Math.round(left_bytes / bytes_per_second) : null,
  };
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

/** Over the last hour, or since the first of the films finished in it was begun, if that is less. */
function measure(context: Context, counts: Counts, now: Instant): Status["throughput"] {
  const since_ms = now.wall_ms - WINDOW_MS;
  const finished = context.store.finishedSince(toTimestamp(since_ms));
  if (counts.completed === 0) return { files_per_hour: null, bytes_per_second: null };
  const begun_ms = finished.first_started_at === null ? since_ms : Date.parse(finished.first_started_at);
  const seconds = Math.max(1, (now.wall_ms - Math.max(since_ms, begun_ms)) / 1000);
  return {
    files_per_hour: (finished.jobs * 3600) / seconds,
    bytes_per_second: finished.source_bytes / seconds,
  };
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
