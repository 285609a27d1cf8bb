import { expect, test } from "bun:test";
import { renderProgress } from "../../../src/roles/cli/render-progress.ts";
import { renderStatus } from "../../../src/roles/cli/render-status.ts";
import type { Progress } from "../../../src/shared/job.ts";
import type { Worker } from "../../../src/shared/worker.ts";
import { status, worker } from "./records.ts";

const running: Progress = { stage: "encoding", percent: 42.34, fps: 87.4, speed: 1.416, eta_s: 185 };

test("a library at work", () => {
  const seen = status({
    total: 45_230,
    completed: 12_450,
    processing: 2,
    publishing: 1,
    pending: 32_770,
    skipped: 5,
    cancelled: 1,
    failed: 1,
    workers: [
      worker({
        id: "worker-1",
        gpu_usage: 87.2,
        cpu_usage: 45.2,
        memory_usage: 62.1,
        gpus: [{ name: "NVIDIA L4", usage: 87.2, state: "ok" }],
        jobs: [
          { job_id: "a", source_rel: "films/a.mkv", progress: running },
          { job_id: "b", source_rel: "films/b.mkv", progress: null },
        ],
      }),
      worker({ id: "worker-2", status: "draining" }),
      worker({ id: "worker-3", status: "offline", problem: "not told: it is away" }),
    ],
    throughput: { files_per_hour: 2.53, bytes_per_second: 3_145_728 },
    eta_s: 42 * 86_400,
    scan: {
      running: false,
      last_finished_at: "2026-11-22T08:58:00.000Z",
      files: 45_230,
      unsettled: 3,
      unreadable: 1,
    },
  });
  expect(renderStatus(seen)).toBe(`📊 Conversion Progress
├─ Total Files: 45,230
├─ Completed: 12,450 (27.5%)
├─ Processing: 3 (1 worker)
├─ Pending: 32,770 (72.5%)
├─ Skipped: 5 (<0.1%)
├─ Cancelled: 1 (<0.1%)
└─ Failed: 1 (<0.1%): see \`vc jobs --status failed\`

⏱️ Estimated Time Remaining: 42 days

🖥️ Active Workers: 2
├─ worker-1: 2 jobs (GPU: 87%, CPU: 45%, memory: 62%)
│  ├─ GPU: NVIDIA L4 (87%)
│  ├─ films/a.mkv: encoding 42.3%, 87 fps, 1.42x, 3 min 5 s left
│  └─ films/b.mkv: starting
└─ worker-2: 0 jobs (draining)

📈 Throughput: 2.5 files/hour, 3.0 MiB/s of sources (last hour)

🔎 Last Scan: 2 min ago, 45,230 files, 3 still being written, 1 unreadable`);
});

test("an empty library says what is not known", () =>
  expect(renderStatus(status())).toBe(`📊 Conversion Progress
├─ Total Files: 0
├─ Completed: 0 (0.0%)
├─ Processing: 0 (0 workers)
├─ Pending: 0 (0.0%)
└─ Failed: 0

⏱️ Estimated Time Remaining: nothing left to do

🖥️ Active Workers: 0

📈 Throughput: unknown

🔎 Last Scan: none finished yet`));

const WAITING = { pending: 1, total: 1 };
const SETTLING = { running: false, last_finished_at: "2026-11-22T08:58:00.000Z", files: 43, unreadable: 0 };
test.each<[string, Parameters<typeof status>[0], string]>([
  ["no worker", WAITING, "unknown: no worker is online"],
  [
    "only one that is away",
    { ...WAITING, workers: [worker({ status: "offline" })] },
    "unknown: no worker is online",
  ],
  [
    "only one that drains",
    { ...WAITING, workers: [worker({ status: "draining" })] },
    "unknown: the workers are draining and take no more films",
  ],
  [
    "only one with a problem",
    { ...WAITING, workers: [worker({ problem: "ffmpeg is missing" })] },
    "unknown: the workers have problems and take no films",
  ],
  ["one that can work", { ...WAITING, workers: [worker()] }, "unknown"],
  ["one that can work, and a speed", { ...WAITING, workers: [worker()], eta_s: 61 }, "1 min 1 s"],
  [
    "the last film in work",
    { processing: 1, total: 1, workers: [worker({ status: "draining" })] },
    "unknown",
  ],
  [
    "files that settle",
    { scan: { ...SETTLING, unsettled: 43 } },
    "nothing queued; 43 files still being written wait to settle",
  ],
  [
    "one file that settles",
    { scan: { ...SETTLING, unsettled: 1 } },
    "nothing queued; 1 file still being written waits to settle",
  ],
])("the time remaining with %s", (_, seen, text) =>
  expect(renderStatus(status(seen)).split("\n")).toContain(`⏱️ Estimated Time Remaining: ${text}`),
);

test("an hour of rest has no speed", () =>
  expect(renderStatus(status({ completed: 1, total: 1 }))).toContain(
    "📈 Throughput: nothing was done in the last hour",
  ));

test("problems come first, and cannot control the terminal", () => {
  const seen = status({
    pending: 1,
    total: 1,
    problems: ["The folder /films\x1b[2J is gone."],
    workers: [worker({ problem: "ffmpeg is missing" })],
    scan: { running: true, last_finished_at: null, files: 1, unsettled: 0, unreadable: 0 },
  });
  const lines = renderStatus(seen).split("\n");
  expect(lines.slice(0, 4)).toEqual([
    "⚠️ Problems: 2",
    "├─ The folder /films\\x1b[2J is gone.",
    "└─ worker-1: ffmpeg is missing",
    "",
  ]);
  expect(lines).toContain("⏱️ Estimated Time Remaining: unknown: the workers have problems and take no films");
  expect(lines).toContain("🔎 Last Scan: running, 1 file so far");
});

test("a parked GPU is a problem, one that failed once a remark", () => {
  const gpus: Worker["gpus"] = [
    {
      name: "NVIDIA L4",
      usage: 3,
      state: "parked",
      problem: "parked (tried again in 20 min): it\x1b[2J died",
    },
    { name: "NVIDIA L4", usage: 55, state: "failing", problem: "it failed in 1 film" },
  ];
  const workers = [worker({ gpus, gpu_usage: 29 }), worker({ id: "worker-2", status: "offline", gpus })];
  const lines = renderStatus(status({ workers })).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "⚠️ Problems: 1",
    "└─ worker-1: GPU NVIDIA L4 (1 of 2): parked (tried again in 20 min): it\\x1b[2J died",
    "",
  ]);
  expect(lines.slice(lines.indexOf("🖥️ Active Workers: 1")).slice(1, 4)).toEqual([
    "└─ worker-1: 0 jobs (GPU: 29%)",
    "   ├─ GPU: 2x NVIDIA L4 (3% parked, 55% failing)",
    "   └─ ⚠️ GPU NVIDIA L4 (2 of 2): it failed in 1 film",
  ]);
});

test.each<[Progress | null, string]>([
  [running, "encoding 42.3%, 87 fps, 1.42x, 3 min 5 s left"],
  [{ ...running, fps: 7.04, speed: 12.34, eta_s: null }, "encoding 42.3%, 7.0 fps, 12.3x"],
  [{ stage: "encoding", percent: 0, fps: 0, speed: 0, eta_s: null }, "encoding 0.0%"],
  [{ stage: "verifying", percent: 99, fps: null, speed: null, eta_s: null }, "verifying 99.0%"],
  [{ stage: "probing", percent: 0, fps: null, speed: null, eta_s: null }, "probing"],
  [{ stage: "handing_in", percent: 100, fps: null, speed: null, eta_s: null }, "handing in"],
  [null, "starting"],
])("%j is shown as %p", (progress, text) => expect(renderProgress(progress)).toBe(text));

test("workers that are not ready yet say what they do, and people see what they warn of", () => {
  const workers = [worker({ doing: "trying things out", warnings: ["No GPU is used."] })];
  const screen = renderStatus(status({ pending: 2, total: 2, workers }));
  expect(screen).toContain("└─ worker-1: No GPU is used.");
  expect(screen).toContain("Estimated Time Remaining: unknown: the workers are not ready yet");
  expect(screen).toContain("🔎 trying things out");
});

test("what was left alone is told by its reasons", () => {
  const skipped_for = [
    { reason: "not_smaller" as const, jobs: 1200 },
    { reason: "excluded" as const, jobs: 3 },
  ];
  const text = renderStatus(status({ total: 2406, skipped: 1203, skipped_for }));
  expect(text).toContain("├─ Skipped: 1,203 (50.0%)\n│  ├─ not smaller: 1,200\n│  └─ excluded: 3\n");
});
