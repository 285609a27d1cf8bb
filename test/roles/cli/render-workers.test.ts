import { expect, test } from "bun:test";
import { renderWorkers } from "../../../src/roles/cli/render-workers.ts";
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
