import type { Job } from "../../shared/job.ts";
import { printable } from "../../shared/printable.ts";
import type { Stats, Status } from "../../shared/status.ts";
import { bytes, count, percent, seconds } from "./format.ts";
import { gpuTroubles } from "./render-gpus.ts";
import { renderProgress } from "./render-progress.ts";

const BAR_WIDTH = 30;
/** Lines about films that were converted: of a large library few would read more. */
const MOST_NOTES = 20;

/** What `vc convert` draws while it works: a bar over all films, and a line for each one in work. */
export function renderConvertProgress(status: Status): string {
  const filled = Math.round(shareDone(status) * BAR_WIDTH);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
  return [
    `${bar} ${overall(status)}`,
    ...inWork(status).map((job) => `  ${job}`),
    ...status.workers.flatMap(({ doing }) => (doing === null ? [] : [`  🔎 ${printable(doing)}`])),
    ...problemsOf(status).map((problem) => `  ⚠️ ${problem}`),
  ].join("\n");
}

/** The same in one line, for a file or a pipe. */
export function renderConvertLine(status: Status): string {
  const problems = problemsOf(status).map((problem) => `⚠️ ${problem}`);
  return [overall(status), ...inWork(status), ...problems].join("; ");
}

function overall(status: Status): string {
  const left = status.eta_s === null ? "" : `, ${seconds(status.eta_s)} left`;
  const failed = status.failed === 0 ? "" : `, ${count(status.failed)} failed`;
  const looking = status.scan.running ? " (still looking for films)" : "";
  const total = percent(shareDone(status), 1);
  return `${total}, ${count(endedFilms(status))} of ${count(status.total, "film")}${failed}${left}${looking}`;
}

function inWork({ workers }: Status): string[] {
  const jobs = workers.flatMap((worker) => worker.jobs);
  return jobs.map((job) => `${printable(job.source_rel)}: ${renderProgress(job.progress)}`);
}

function endedFilms({ completed, failed, skipped, cancelled }: Status): number {
  return completed + failed + skipped + cancelled;
}

/** 0 to 1; films in work count as far as they are. */
function shareDone(status: Status): number {
  const running = status.workers.flatMap((worker) => worker.jobs);
  const parts = running.reduce((sum, job) => sum + (job.progress?.percent ?? 0) / 100, 0);
  return status.total === 0 ? 0 : Math.min(1, (endedFilms(status) + parts) / status.total);
}

function problemsOf({ problems, workers }: Status): string[] {
  const ofWorkers = workers.flatMap((worker) => [
    ...(worker.problem === null ? [] : [worker.problem]),
    ...worker.warnings,
  ]);
  const ofGpus = workers.flatMap((worker) => [
    ...gpuTroubles(worker, "parked"),
    ...gpuTroubles(worker, "failing"),
  ]);
  return [...[...problems, ...ofWorkers].map(printable), ...ofGpus];
}

/** What `vc convert` says at its end: every film that did not become one, with its reason; what was changed or left out of others; the sums. */
export function renderConvertEnd(end: {
  status: Status;
  stats: Stats;
  jobs: Job[];
  /** Films that were converted, of which there is something to say. */
  noted: Job[];
  over: boolean;
  /** What the worker warned of, such as a GPU that was asked for and is not there. */
  warnings: string[];
  sought: { root_path: string; video_extensions: string[] };
}): string {
  const { status } = end;
  const lines = end.jobs.map(
    (job) =>
      `${job.status} ${printable(job.source_rel)}: ${printable(job.error_message ?? job.reason ?? "")}`,
  );
  const notes = end.noted.map(
    (job) => `📝 ${printable(job.source_rel)}: ${job.notes.map(printable).join(" ")}`,
  );
  const more = notes.length - MOST_NOTES;
  const cut = more > 0 ? [`📝 ${count(more, "further film")} with notes; --json tells all.`] : [];
  const problems = [...status.problems, ...end.warnings].map((problem) => `⚠️ ${printable(problem)}`);
  const open = status.pending + status.processing + status.publishing;
  const rest = end.over ? [] : [`Stopped with ${count(open, "film")} left; run the same command to go on.`];
  const nothing = end.over && status.total === 0;
  const told = [...lines, ...notes.slice(0, MOST_NOTES), ...cut, ...problems];
  return [...told, nothing ? noFilms(end.sought) : sums(status, end.stats), ...rest].join("\n");
}

function sums(status: Status, stats: Stats): string {
  const sizes = `${bytes(stats.completed_source_bytes)} → ${bytes(stats.completed_output_bytes)}`;
  const parts = [
    status.completed === 0 ? "nothing converted" : `${count(status.completed, "film")} converted (${sizes})`,
    ...(["failed", "skipped", "cancelled"] as const).flatMap((one) =>
      status[one] === 0 ? [] : `${count(status[one])} ${one}`,
    ),
  ];
  return `${parts.join(", ")}.`;
}

function noFilms({ root_path, video_extensions }: { root_path: string; video_extensions: string[] }): string {
  const names = video_extensions.join(", ");
  return `no films found in ${printable(root_path)}; looked for ${names} (hidden files and links are left out).`;
}
