import { printable } from "../../shared/printable.ts";
import type { Worker } from "../../shared/worker.ts";
import { ago } from "./format.ts";
import { gpuTroubles, renderGpus } from "./render-gpus.ts";
import { table } from "./table.ts";

/** The table of `vc workers`, with a sentence for each worker that is not ready yet, and for each problem of it and its GPUs. */
export function renderWorkers(workers: Worker[], now_ms: number, columns: number | null = null): string {
  if (workers.length === 0) return "no worker was ever seen; `vc token show` prints the line that starts one";
  const rows = workers.map((worker) => [
    printable(worker.id),
    worker.status,
    `${worker.jobs.length}/${worker.concurrency}`,
    usage(worker.cpu_usage),
    usage(worker.memory_usage),
    renderGpus(worker) ?? "-",
    printable(worker.hostname),
    worker.version === null ? "-" : printable(worker.version),
    ago(worker.last_heartbeat, now_ms),
  ]);
  const head = ["ID", "STATUS", "JOBS", "CPU", "MEMORY", "GPU", "HOST", "VERSION", "SEEN"];
  const problems = workers.flatMap((worker) => {
    const own = worker.problem === null ? [] : [printable(worker.problem)];
    const doing = worker.doing === null ? [] : [`🔎 ${printable(worker.id)}: ${printable(worker.doing)}`];
    const troubles = [...gpuTroubles(worker, "parked"), ...gpuTroubles(worker, "failing")];
    const all = [...own, ...worker.warnings.map(printable), ...troubles];
    return [...doing, ...all.map((problem) => `⚠️ ${printable(worker.id)}: ${problem}`)];
  });
  return [table(head, rows, columns), ...problems].join("\n");
}

function usage(value: number | null): string {
  return value === null ? "-" : `${Math.round(value)}%`;
}
