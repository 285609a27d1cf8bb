import { printable } from "../../shared/printable.ts";
import type { Worker } from "../../shared/worker.ts";
import { ago } from "./format.ts";
import { table } from "./table.ts";

/** The table of `vc workers`, with a sentence for each worker that has a problem. */
export function renderWorkers(workers: Worker[], now_ms: number, columns: number | null = null): string {
  if (workers.length === 0) return "no worker was ever seen; `vc token show` prints the line that starts one";
  const rows = workers.map((worker) => [
    printable(worker.id),
    worker.status,
    `${worker.jobs.length}/${worker.concurrency}`,
    usage(worker.cpu_usage),
    usage(worker.memory_usage),
    worker.gpu_name === null ? "-" : printable(worker.gpu_name),
    printable(worker.hostname),
    worker.version === null ? "-" : printable(worker.version),
    ago(worker.last_heartbeat, now_ms),
  ]);
  const head = ["ID", "STATUS", "JOBS", "CPU", "MEMORY", "GPU", "HOST", "VERSION", "SEEN"];
  const problems = workers.flatMap(({ id, problem }) =>
    problem === null ? [] : [`⚠️ ${printable(id)}: ${printable(problem)}`],
  );
  return [table(head, rows, columns), ...problems].join("\n");
}

function usage(value: number | null): string {
  return value === null ? "-" : `${Math.round(value)}%`;
}
