import { expect, test } from "bun:test";
import { renderConvertEnd, renderConvertProgress } from "../../../src/roles/cli/render-convert.ts";
import type { Job } from "../../../src/shared/job.ts";
import type { Stats, Status } from "../../../src/shared/status.ts";

const counts = {
  pending: 0,
  processing: 0,
  publishing: 0,
  completed: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
};
const nothing: Status = {
  ...counts,
  total: 0,
  workers: [],
  throughput: { files_per_hour: null, bytes_per_second: null },
  eta_s: null,
  problems: [],
  scan: { running: false, last_finished_at: null, files: 0, unsettled: 0, unreadable: 0 },
  timestamp: "2026-11-22T09:00:00Z",
};
const worker: Status["workers"][number] = {
  id: "w",
  hostname: "h",
  status: "online",
  last_heartbeat: null,
  vulkan_available: false,
  active_jobs: 1,
  concurrency: 1,
  gpu_name: null,
  gpu_usage: null,
  cpu_usage: null,
  memory_usage: null,
  version: null,
  problem: null,
  jobs: [],
};
const halfway = { stage: "encoding", percent: 50, fps: 87, speed: 2, eta_s: 4 } as const;

test("before anything is known the bar is empty and says what is being done", () => {
  expect(renderConvertProgress({ ...nothing, scan: { ...nothing.scan, running: true } })).toBe(
    `${"░".repeat(30)} 0.0%, 0 of 0 films (still looking for films)`,
  );
});

test("films in work count with the part that is done; names cannot control the terminal", () => {
  const jobs = [{ job_id: "j", source_rel: "a\u001b[2J.mkv", progress: halfway }];
  const status = { ...nothing, total: 4, completed: 1, failed: 1, processing: 1, pending: 1, eta_s: 65 };
  const [bar, film, ...rest] = renderConvertProgress({ ...status, workers: [{ ...worker, jobs }] }).split(
    "\n",
  );
  expect(bar).toBe(`${"█".repeat(19)}${"░".repeat(11)} 62.5%, 2 of 4 films, 1 failed, 1 min 5 s left`);
  expect(film).toStartWith("  a");
  expect(film).toEndWith("encoding 50.0%, 87 fps, 2.00x, 4 s left");
  expect(film).not.toContain("\u001b");
  expect(rest).toEqual([]);
});

test("what keeps it from working stands below the bar", () => {
  const workers = [{ ...worker, problem: "The disk of /out is full." }];
  const lines = renderConvertProgress({ ...nothing, problems: ["the root is gone"], workers }).split("\n");
  expect(lines.slice(1)).toEqual(["  ⚠️ the root is gone", "  ⚠️ The disk of /out is full."]);
});

const stats = { completed_source_bytes: 3 * 1024 ** 2, completed_output_bytes: 1024 ** 2 } as Stats;
const failed = {
  status: "failed",
  source_rel: "b.mkv",
  error_message: "It is cut off.",
  reason: null,
} as Job;

test.each([
  [
    "all is done",
    { ...nothing, total: 2, completed: 2 },
    [],
    true,
    ["2 films converted (3.0 MiB → 1.0 MiB)."],
  ],
  [
    "some failed",
    { ...nothing, total: 3, completed: 1, failed: 1, skipped: 1 },
    [failed],
    true,
    ["failed b.mkv: It is cut off.", "1 film converted (3.0 MiB → 1.0 MiB), 1 failed, 1 skipped."],
  ],
  [
    "it was stopped",
    { ...nothing, total: 2, pending: 2 },
    [],
    false,
    ["nothing converted.", "Stopped with 2 films left; run the same command to go on."],
  ],
])("the end, when %s", (_, status, jobs, over, lines) => {
  expect(renderConvertEnd({ status, stats, jobs, over }).split("\n")).toEqual(lines);
});
