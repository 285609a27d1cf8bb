import { expect, test } from "bun:test";
import { renderDetected } from "../../../src/roles/cli/render-detected.ts";
import { renderStats } from "../../../src/roles/cli/render-stats.ts";
import { renderWorkers } from "../../../src/roles/cli/render-workers.ts";
import type { Capabilities } from "../../../src/shared/capabilities.ts";
import type { Stats } from "../../../src/shared/status.ts";
import { worker } from "./records.ts";

const counts = {
  pending: 1,
  processing: 0,
  publishing: 0,
  completed: 2,
  failed: 1,
  skipped: 0,
  cancelled: 0,
};
const stats: Stats = {
  timestamp: "2026-11-22T09:00:00.000Z",
  started_at: "2026-11-22T08:00:00.000Z",
  version: "0.1.0",
  counts,
  source_bytes: 4096,
  completed_source_bytes: 2048,
  completed_output_bytes: 1024,
  completed_source_seconds: 120,
  encode_seconds: 60,
  verify_seconds: 6,
  reasons: [
    { status: "failed", reason: "source_damaged", jobs: 1 },
    { status: "completed", reason: null, jobs: 2 },
  ],
  by_worker: [{ worker_id: "w1", completed: 2, failed: 1, lost: 0, encode_seconds: 60 }],
};

test("stats are sums over everything", () =>
  expect(renderStats(stats)).toBe(`📊 Jobs
├─ Total: 4
├─ Pending: 1 (25.0%)
├─ Processing: 0 (0.0%)
├─ Publishing: 0 (0.0%)
├─ Completed: 2 (50.0%)
├─ Failed: 1 (25.0%)
├─ Skipped: 0 (0.0%)
└─ Cancelled: 0 (0.0%)

💾 Sizes
├─ All sources: 4.0 KiB
├─ Sources of completed films: 2.0 KiB
└─ Completed films: 1.0 KiB (50.0% of their sources)

⏱️ Times
├─ Length of completed films: 2 min
├─ Encoding: 1 min (2.00x)
└─ Verification: 6 s

❓ Reasons
└─ failed, source damaged: 1

🖥️ Workers: 1
└─ w1: 2 completed, 1 failed, 0 lost, 1 min of encoding

vc 0.1.0, master running since 2026-11-22 08:00:00 UTC`));

test("without anything done, stats divide by nothing", () => {
  const none = { ...stats, completed_source_bytes: 0, encode_seconds: 0, reasons: [], by_worker: [] };
  const shown = renderStats(none);
  expect(shown).not.toMatch(/NaN|Infinity/);
  expect(shown).not.toContain("Reasons");
  expect(shown).toContain("🖥️ Workers: 0\n");
});

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

test("what was detected is what a trial has shown", () => {
  const found: Capabilities = {
    ffmpeg: { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "5.1.9", major: 5 },
    encoders: [
      { family: "software", codec: "h264", encoder: "libx264", ten_bit: true },
      { family: "software", codec: "aac", encoder: "aac", ten_bit: false },
    ],
    refused: [{ family: "vulkan", codec: "h264", encoder: "h264_vulkan", why: "no such encoder" }],
  };
  expect(renderDetected(found, { os: "linux", architecture: "x64" })).toBe(`🖥️ GPU / Vulkan Detection

GPU Status: ✗ no GPU encoder was proven; films are converted on the CPU

Encoders, each proven by a trial:
├─ h264: libx264 (software, 8 and 10 bits)
└─ aac: aac (software)

Tried in vain:
└─ h264: h264_vulkan (vulkan): no such encoder

Environment:
├─ OS: Linux
├─ Architecture: x64
├─ ffmpeg: 5.1.9 (/usr/bin/ffmpeg)
└─ ffprobe: /usr/bin/ffprobe`);
  const proven = {
    ...found,
    refused: [],
    encoders: [{ family: "vulkan", codec: "h264", encoder: "h264_vulkan", ten_bit: false }],
  };
  const shown = renderDetected(proven, { os: "plan9", architecture: "x64" });
  expect(shown).toContain("GPU Status: ✓ GPU encoders were proven\n");
  expect(shown).toContain("└─ h264: h264_vulkan (vulkan, 8 bits)\n");
  expect(shown).toContain("├─ OS: plan9\n");
  expect(renderDetected({ ...proven, encoders: [] }, { os: "linux", architecture: "x64" })).toContain(
    "└─ none\n",
  );
});
