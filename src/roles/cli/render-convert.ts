import type { Job } from "../../shared/job.ts";
import { printable } from "../../shared/printable.ts";
import type { Stats, Status } from "../../shared/status.ts";
import { bytes, count, percent, seconds } from "./format.ts";
import { renderProgress } from "./render-progress.ts";

const BAR_WIDTH = 30;

/** What `vc convert` draws while it works: a bar over all films, and a line for each one in work. */
export function renderConvertProgress(status: Status): string {
  const running = status.workers.flatMap((worker) => worker.jobs);
  const ended = status.completed + status.failed + status.skipped + status.cancelled;
  const parts = running.reduce((sum, job) => sum + (job.progress?.percent ?? 0) / 100, 0);
  const share = status.total === 0 ? 0 : Math.min(1, (ended + parts) / status.total);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
  const left = status.eta_s === null ? "" : `, ${seconds(status.eta_s)} left`;
  const failed = status.failed === 0 ? "" : `, ${count(status.failed)} failed`;
  const looking = status.scan.running ? " (still looking for films)" : "";
  const total = percent(ended + parts, status.total);
  return [
    `${bar} ${total}, ${count(ended)} of ${count(status.total, "film")}${failed}${left}${looking}`,
    ...running.map((job) => `  ${printable(job.source_rel)}: ${renderProgress(job.progress)}`),
    ...problemsOf(status).map((problem) => `  ⚠️ ${problem}`),
  ].join("\n");
}

function problemsOf({ problems, workers }: Status): string[] {
  return [...problems, ...workers.flatMap(({ problem }) => problem ?? [])].map(printable);
}

/** What `vc convert` says at its end: the sums, then every film that did not become one, with its reason. */
export function renderConvertEnd(end: { status: Status; stats: Stats; jobs: Job[]; over: boolean }): string {
  const { status, stats } = end;
  const sizes = `${bytes(stats.completed_source_bytes)} → ${bytes(stats.completed_output_bytes)}`;
  const sums = [
    status.completed === 0 ? "nothing converted" : `${count(status.completed, "film")} converted (${sizes})`,
    ...(["failed", "skipped", "cancelled"] as const).flatMap((one) =>
      status[one] === 0 ? [] : `${count(status[one])} ${one}`,
    ),
  ];
  const lines = end.jobs.map(
    (job) =>
      `${job.status} ${printable(job.source_rel)}: ${printable(job.error_message ?? job.reason ?? "")}`,
  );
  const open = status.pending + status.processing + status.publishing;
  const rest = end.over ? [] : [`Stopped with ${count(open, "film")} left; run the same command to go on.`];
  return [...lines, `${sums.join(", ")}.`, ...rest].join("\n");
}
