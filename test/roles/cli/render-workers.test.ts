import { expect, test } from "bun:test";
import { renderWorkers } from "../../../src/roles/cli/render-workers.ts";
import type { Worker } from "../../../src/shared/worker.ts";
import { worker } from "./records.ts";

test("workers, and a sentence for each that has a problem", () => {
  const now = Date.parse("2026-11-22T09:00:00.000Z");
  const jobs = [{ job_id: "a", source_rel: "a.mkv", progress: null }];
  const workers = [
    worker({ cpu_usage: 45.2, memory_usage: 9.6, jobs }),
    worker({
      id: "w\x1b[2",
      status: "offline",
      version: null,
      last_heartbeat: null,
      gpu_name: "Arc",
      problem: "no ffmpeg",
    }),
  ];
  expect(
    renderWorkers(workers, now),
  ).toBe(`ID        STATUS   JOBS  CPU  MEMORY  GPU  HOST       VERSION  SEEN
worker-1  online   1/2   45%  10%     -    compute-1  0.1.0    10 s ago
w\\x1b[2   offline  0/2   -    -       Arc  compute-1  -        never
⚠️ w\\x1b[2: no ffmpeg`);
  expect(renderWorkers([], now)).toBe(
    "no worker was ever seen; `vc token show` prints the line that starts one",
  );
});

test("GPUs with their load, and what is wrong with them", () => {
  const now = Date.parse("2026-11-22T09:00:00.000Z");
  const gpus: Worker["gpus"] = [
    { name: "NVIDIA L4", usage: 87.3, state: "ok" },
    { name: "NVIDIA L4", state: "parked", problem: "parked (tried again in 20 min): it died" },
    { name: "Arc\x1b[2J", state: "failing", problem: "it failed in 1 film" },
  ];
  const lines = renderWorkers([worker({ gpus, problem: "no room" })], now).split("\n");
  expect(lines.slice(1)).toEqual([
    "worker-1  online  0/2   -    -       2x NVIDIA L4 (87%, - parked), Arc\\x1b[2J (- failing)  compute-1  0.1.0    10 s ago",
    "⚠️ worker-1: no room",
    "⚠️ worker-1: GPU NVIDIA L4 (2 of 2): parked (tried again in 20 min): it died",
    "⚠️ worker-1: GPU Arc\\x1b[2J: it failed in 1 film",
  ]);
});

test("a worker that is not ready yet, and what people should know of one that works", () => {
  const workers = [worker({ doing: "trying things out", warnings: ["No GPU\x1b[2J is used."] })];
  expect(renderWorkers(workers, 0).split("\n").slice(2)).toEqual([
    "🔎 worker-1: trying things out",
    "⚠️ worker-1: No GPU\\x1b[2J is used.",
  ]);
});
