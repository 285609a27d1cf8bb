import type { Job } from "../../shared/job.ts";
import { printable } from "../../shared/printable.ts";
import { bytes, count } from "./format.ts";
import { renderProgress } from "./render-progress.ts";
import { table } from "./table.ts";

/** The table of `vc jobs`, for a terminal of so many columns, or none. */
export function renderJobs(
  { jobs, total }: { jobs: Job[]; total: number },
  columns: number | null = null,
): string {
  if (total === 0) return "no such jobs";
  const rows = jobs.map((job) => [
    job.id,
    job.status,
    printable(job.worker_id ?? "-"),
    bytes(job.source_size),
    printable(job.source_rel),
    detail(job),
  ]);
  const more = total > jobs.length ? [`${count(total - jobs.length)} more; see --limit and --status`] : [];
  return [table(["ID", "STATUS", "WORKER", "SIZE", "SOURCE", ""], rows, columns), ...more].join("\n");
}

function detail(job: Job): string {
  if (job.status === "processing") return renderProgress(job.progress);
  if (job.status === "completed") return job.output_size === null ? "" : `now ${bytes(job.output_size)}`;
  if (job.status === "pending")
    return job.retry_count === 0 ? "" : `${count(job.retry_count, "failed try").replace("trys", "tries")}`;
  // A client that gives no reason tells what happened in its message.
  if (job.reason === "unspecified") return printable(job.error_message ?? "");
  return job.reason === null ? "" : job.reason.replaceAll("_", " ");
}
