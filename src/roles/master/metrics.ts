import { JOB_STATUSES } from "../../shared/job.ts";
import type { Reply } from "../../shared/protocol.ts";
import { GPU_STATES, WORKER_STATUSES } from "../../shared/worker.ts";

type Sample = { labels?: Record<string, string>; value: number };
type Metric = { name: string; type: "gauge" | "counter"; help: string; samples: Sample[] };

/** The Prometheus text format, version 0.0.4. */
export function renderMetrics(of: {
  status: Reply<"status">;
  stats: Reply<"stats">;
  leases: number;
}): string {
  return metricsOf(of).map(renderMetric).join("");
}

function metricsOf({ status, stats, leases }: Parameters<typeof renderMetrics>[0]): Metric[] {
  const one = (name: string, type: Metric["type"], help: string, value: number): Metric => ({
    name,
    type,
    help,
    samples: [{ value }],
  });
  const gpus = status.workers.flatMap((worker) => (worker.status === "offline" ? [] : worker.gpus));
  return [
    {
      name: "vc_jobs",
      type: "gauge",
      help: "Jobs by status.",
      samples: JOB_STATUSES.map((name) => ({ labels: { status: name }, value: status[name] })),
    },
    {
      name: "vc_workers",
      type: "gauge",
      help: "Workers by status.",
      samples: WORKER_STATUSES.map((name) => ({
        labels: { status: name },
        value: status.workers.filter((worker) => worker.status === name).length,
      })),
    },
    {
      name: "vc_gpus",
      type: "gauge",
      help: "GPUs of workers that are not offline, by state; parked ones get no films.",
      samples: GPU_STATES.map((name) => ({
        labels: { state: name },
        value: gpus.filter(({ state }) => state === name).length,
      })),
    },
    one("vc_leases", "gauge", "Attempts with a live lease.", leases),
    one("vc_problems", "gauge", "Problems that a person should look at.", status.problems.length),
    one("vc_scan_files", "gauge", "Films seen by the last scan.", status.scan.files),
    one(
      "vc_scan_unreadable",
      "gauge",
      "Files and folders that the last scan could not read.",
      status.scan.unreadable,
    ),
    one("vc_source_bytes", "gauge", "Size of all known sources.", stats.source_bytes),
    one(
      "vc_completed_source_bytes",
      "gauge",
      "Size of the sources of completed jobs.",
      stats.completed_source_bytes,
    ),
    one("vc_completed_output_bytes", "gauge", "Size of all published films.", stats.completed_output_bytes),
    one("vc_encode_seconds", "gauge", "Time spent on encoding completed jobs.", stats.encode_seconds),
    one("vc_verify_seconds", "gauge", "Time spent on checking completed jobs.", stats.verify_seconds),
  ];
}

function renderMetric({ name, type, help, samples }: Metric): string {
  const lines = samples.map(({ labels, value }) => `${name}${renderLabels(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function renderLabels(labels: Record<string, string> | undefined): string {
  if (labels === undefined) return "";
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${pairs.join(",")}}`;
}
