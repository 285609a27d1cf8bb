import { expect, test } from "bun:test";
import { renderStats } from "../../../src/roles/cli/render-stats.ts";
import type { Stats } from "../../../src/shared/status.ts";

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

test("failures without a reason are told as such", () =>
  expect(
    renderStats({ ...stats, reasons: [{ status: "failed", reason: "unspecified", jobs: 3 }] }),
  ).toContain("❓ Reasons\n└─ failed, without a reason given: 3\n"));

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
