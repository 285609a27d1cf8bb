import { printable } from "../../shared/printable.ts";
import type { Status } from "../../shared/status.ts";
import { canClaim, type Worker } from "../../shared/worker.ts";
import { ago, bytes, count, percent, seconds } from "./format.ts";
import { gpuTroubles, renderGpus } from "./render-gpus.ts";
import { renderProgress } from "./render-progress.ts";
import { type Branch, tree } from "./tree.ts";

/** The screen of `vc status`: what is wrong first, then how far it is, who works on what, and how fast. */
export function renderStatus(status: Status): string {
  const active = status.workers.filter((worker) => worker.status !== "offline");
  const problems = problemsOf(status);
  const blocks = [
    problems.length === 0 ? null : tree(`⚠️ Problems: ${problems.length}`, problems),
    progressBlock(status, active),
    `⏱️ Estimated Time Remaining: ${remaining(status)}`,
    tree(`🖥️ Active Workers: ${active.length}`, active.map(workerBranch)),
    `📈 Throughput: ${throughput(status)}`,
    `🔎 Last Scan: ${lastScan(status)}`,
  ];
  return blocks.filter((block) => block !== null).join("\n\n");
}

function problemsOf({ problems, workers }: Status): string[] {
  const ofWorkers = workers.flatMap((worker) => {
    if (worker.status === "offline") return [];
    const own = worker.problem === null ? [] : [printable(worker.problem)];
    const all = [...own, ...worker.warnings.map(printable), ...gpuTroubles(worker, "parked")];
    return all.map((text) => `${printable(worker.id)}: ${text}`);
  });
  return [...problems.map(printable), ...ofWorkers];
}

function progressBlock(status: Status, active: Worker[]): string {
  const share = (part: number) => `${count(part)} (${percent(part, status.total)})`;
  const busy = active.filter((worker) => worker.jobs.length > 0).length;
  const running = status.processing + status.publishing;
  const rest: Branch[] = [];
  if (status.skipped > 0) rest.push({ text: `Skipped: ${share(status.skipped)}`, below: skipped(status) });
  if (status.cancelled > 0) rest.push(`Cancelled: ${share(status.cancelled)}`);
  const failed = status.failed === 0 ? "0" : `${share(status.failed)}: see \`vc jobs --status failed\``;
  return tree("📊 Conversion Progress", [
    `Total Files: ${count(status.total)}`,
    `Completed: ${share(status.completed)}`,
    `Processing: ${count(running)} (${count(busy, "worker")})`,
    `Pending: ${share(status.pending)}`,
    ...rest,
    `Failed: ${failed}`,
  ]);
}

function skipped({ skipped_for }: Status): string[] {
  return skipped_for.map(({ reason, jobs }) => `${reason.replaceAll("_", " ")}: ${count(jobs)}`);
}

function remaining({ eta_s, pending, processing, publishing, workers, scan }: Status): string {
  if (pending + processing + publishing === 0) {
    if (scan.unsettled === 0) return "nothing left to do";
    return `nothing queued; ${count(scan.unsettled, "file")} still being written ${scan.unsettled === 1 ? "waits" : "wait"} to settle`;
  }
  if (eta_s !== null) return seconds(eta_s);
  const able = workers.filter(canClaim);
  if (able.length > 0 && able.every(({ doing }) => doing !== null))
    return "unknown: the workers are not ready yet";
  if (pending === 0 || able.length > 0) return "unknown";
  if (workers.some(({ status }) => status === "online" || status === "quarantined"))
    return "unknown: the workers have problems and take no films";
  const draining = workers.some(({ status }) => status === "draining");
  return draining
    ? "unknown: the workers are draining and take no more films"
    : "unknown: no worker is online";
}

function workerBranch(worker: Worker): Branch {
  const load = [
    worker.status === "online" ? null : worker.status,
    worker.gpu_usage === null ? null : `GPU: ${Math.round(worker.gpu_usage)}%`,
    worker.cpu_usage === null ? null : `CPU: ${Math.round(worker.cpu_usage)}%`,
    worker.memory_usage === null ? null : `memory: ${Math.round(worker.memory_usage)}%`,
  ].filter((part) => part !== null);
  const gpus = renderGpus(worker);
  const jobs = count(worker.jobs.length, "job");
  return {
    text: `${printable(worker.id)}: ${jobs}${load.length === 0 ? "" : ` (${load.join(", ")})`}`,
    below: [
      ...(worker.doing === null ? [] : [`🔎 ${printable(worker.doing)}`]),
      ...(gpus === null ? [] : [`GPU: ${gpus}`]),
      ...gpuTroubles(worker, "failing").map((text) => `⚠️ ${text}`),
      ...worker.jobs.map((job) => `${printable(job.source_rel)}: ${renderProgress(job.progress)}`),
    ],
  };
}

function throughput({ throughput: { files_per_hour, bytes_per_second }, completed }: Status): string {
  if (files_per_hour === null) return completed === 0 ? "unknown" : "nothing was done in the last hour";
  const files = files_per_hour >= 100 ? Math.round(files_per_hour) : files_per_hour;
  const rate = bytes_per_second === null ? "" : `, ${bytes(bytes_per_second)}/s of sources`;
  return `${count(files)} files/hour${rate} (last hour)`;
}

function lastScan({ scan, timestamp }: Status): string {
  const { files, unsettled, unreadable } = scan;
  if (scan.running) return `running, ${count(files, "file")} so far`;
  if (scan.last_finished_at === null) return "none finished yet";
  const more = [
    unsettled === 0 ? null : `${count(unsettled)} still being written`,
    unreadable === 0 ? null : `${count(unreadable)} unreadable`,
  ].filter((part) => part !== null);
  return [`${ago(scan.last_finished_at, Date.parse(timestamp))}, ${count(files, "file")}`, ...more].join(
    ", ",
  );
}
