import { expect, test } from "bun:test";
import { renderJob } from "../../../src/roles/cli/render-job.ts";
import { renderJobs } from "../../../src/roles/cli/render-jobs.ts";
import { REASONS } from "../../../src/shared/job.ts";
import { attempt, job } from "./records.ts";

const plan = {
  decode: "cpu",
  filter: "cpu",
  encoder: "libx264",
  family: "software",
  passed_over: [{ family: "vulkan", why: "not proven on this machine" }],
};

test("a job that failed, with its attempts and what to do", () => {
  const failed = job({
    status: "failed",
    reason: "name_taken",
    error_message: "a.mp4 exists",
    worker_id: "worker-1",
    attempt: 2,
    priority: 5,
    retry_count: 1,
    source_duration: 5400,
    completed_at: "2026-11-22T08:30:00.000Z",
    notes: ["The subtitle track 3 was left out: mp4 cannot hold it."],
  });
  const attempts = [
    attempt({
      outcome: "retry",
      reason: "ffmpeg_failed",
      message: "ffmpeg ended with 1",
      report: { plan, command: ["ffmpeg", "-i", "file:/a b.mkv"], log_tail: "one\r\ntwo\x1b[31m\n\n" },
    }),
    attempt({
      attempt: 2,
      worker_id: "worker-2",
      report: { plan: { ...plan, passed_over: [] }, encode_ms: 65_000, verify_ms: 1200 },
    }),
  ];
  expect(renderJob({ job: failed, attempts })).toBe(`🎬 a.mkv
├─ ID: e1t6seb6w1
├─ Status: failed (name taken)
├─ Message: a.mp4 exists
├─ Worker: worker-1
├─ Source: /mnt/videos/a.mkv (1.0 GiB, 1 h 30 min long)
├─ Output: /mnt/converted/a.mp4
├─ Priority: 5
├─ Failed Tries: 1 (3 retries allowed), lost: 0
├─ Queued: 2026-11-22 08:00:00 UTC
└─ Ended: 2026-11-22 08:30:00 UTC

📝 Notes
└─ The subtitle track 3 was left out: mp4 cannot hold it.

🔁 Attempts: 2
├─ 1 on worker-1, 2026-11-22 08:01:00 UTC: retry (ffmpeg failed)
│  ├─ ffmpeg ended with 1
│  ├─ Decode: cpu, filter: cpu, encode: libx264 (software)
│  ├─ Not taken (vulkan): not proven on this machine
│  ├─ Command: ffmpeg -i 'file:/a b.mkv'
│  └─ ffmpeg's last lines:
│     ├─ one
│     └─ two\\x1b[31m
└─ 2 on worker-2, 2026-11-22 08:01:00 UTC: running
   ├─ Decode: cpu, filter: cpu, encode: libx264 (software)
   └─ encoding took 1 min 5 s, verification 1.2 s

👉 Move the file that has the output's name away; then \`vc retry e1t6seb6w1\`.`);
});

test("a completed job needs nothing, and shows what was saved", () => {
  const done = job({ status: "completed", output_size: 268_435_456 });
  const shown = renderJob({
    job: done,
    attempts: [attempt({ outcome: "completed", report: { log_tail: "not shown" } })],
  });
  expect(shown).toContain("├─ Output: /mnt/converted/a.mp4 (256.0 MiB, 25% of the source)\n");
  expect(shown).not.toContain("👉");
  expect(shown).not.toContain("not shown");
});

test("the ways that failed before the one that made the film are told with their commands and last lines", () => {
  const card = { ...plan, decode: "vulkan", filter: "vulkan", device: "Card\x1b", passed_over: [] };
  const message = "ffmpeg made no progress for 300 s (stall_timeout) and was ended.";
  const earlier = [
    { plan: card, message, command: ["ffmpeg", "-hwaccel", "vulkan"], log_tail: "one\ntwo\n" },
  ];
  const report = { plan: { ...plan, passed_over: [] }, earlier };
  const shown = renderJob({
    job: job({ status: "completed" }),
    attempts: [attempt({ outcome: "completed", report })],
  });
  expect(shown).toEndWith(`UTC: completed
   ├─ Decode: cpu, filter: cpu, encode: libx264 (software)
   └─ Failed before: Decode: vulkan, filter: vulkan, encode: libx264 (software), on Card\\x1b
      ├─ ffmpeg made no progress for 300 s (stall_timeout) and was ended.
      ├─ Command: ffmpeg -hwaccel vulkan
      └─ ffmpeg's last lines:
         ├─ one
         └─ two`);
});

test("a job that runs or waits shows how far, or how long", () => {
  const progress = { stage: "encoding", percent: 10, fps: null, speed: null, eta_s: null } as const;
  expect(renderJob({ job: job({ status: "processing", progress }), attempts: [] })).toContain(
    "├─ Progress: encoding 10.0%\n",
  );
  const waits = job({ not_before: "2026-11-22T10:00:00.000Z" });
  expect(renderJob({ job: waits, attempts: [] })).toContain(
    "├─ Next Try: 2026-11-22 10:00:00 UTC at the earliest\n",
  );
});

test.each(REASONS)("a job that failed as %s tells what to do", (reason) => {
  const lines = renderJob({ job: job({ status: "failed", reason }), attempts: [] }).split("\n");
  expect(lines.at(-1)).toMatch(/^👉 .*\.$/);
  expect(lines.at(-1)).not.toContain("RETRY");
});

test("names cannot control the terminal", () => {
  const evil = "a\x1b[2J\nb\u202e.mkv";
  const hostile = job({
    source_rel: evil,
    source_path: evil,
    output_path: evil,
    error_message: evil,
    worker_id: evil,
    notes: [evil],
  });
  const report = {
    command: ["ffmpeg", evil],
    plan: { ...plan, encoder: evil, passed_over: [{ family: evil, why: evil }] },
  };
  const shown = renderJob({ job: hostile, attempts: [attempt({ worker_id: evil, message: evil, report })] });
  const table = renderJobs({ jobs: [hostile], total: 1 });
  for (const text of [shown, table]) expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(table.split("\n")).toHaveLength(2);
});

test("a table of jobs says what matters of each", () => {
  const progress = { stage: "encoding", percent: 10, fps: 25, speed: null, eta_s: null } as const;
  const jobs = [
    job({ id: "a", status: "processing", worker_id: "w1", progress }),
    job({ id: "b", status: "completed", worker_id: "w1", output_size: 1024, source_rel: "映画/b.mkv" }),
    job({ id: "c", status: "failed", reason: "source_damaged" }),
    job({ id: "d", retry_count: 1 }),
    job({ id: "e", retry_count: 2 }),
    job({ id: "f", source_size: 10 }),
  ];
  expect(renderJobs({ jobs, total: 1006 })).toBe(`ID  STATUS      WORKER  SIZE     SOURCE
a   processing  w1      1.0 GiB  a.mkv       encoding 10.0%, 25 fps
b   completed   w1      1.0 GiB  映画/b.mkv  now 1.0 KiB
c   failed      -       1.0 GiB  a.mkv       source damaged
d   pending     -       1.0 GiB  a.mkv       1 failed try
e   pending     -       1.0 GiB  a.mkv       2 failed tries
f   pending     -       10 B     a.mkv
1,000 more; see --limit and --status`);
  expect(renderJobs({ jobs: [], total: 0 })).toBe("no such jobs");
});

test("a failure that a client gave no reason for is shown by its message", () => {
  const unspecified = { status: "failed", reason: "unspecified", error_message: "disk on fire" } as const;
  const screen = renderJob({
    job: job(unspecified),
    attempts: [attempt({ outcome: "permanent", reason: "unspecified", message: "disk on fire" })],
  });
  expect(screen).toContain("├─ Status: failed\n├─ Message: disk on fire\n");
  expect(screen).toContain("UTC: permanent\n");
  expect(renderJobs({ jobs: [job(unspecified)], total: 1 })).toEndWith("disk on fire");
});

test("a name as long as they get widens its own row only, and no row on a terminal", () => {
  const long = job({ id: "b", source_rel: `${"x".repeat(251)}.mkv` });
  const jobs = [job({ id: "a" }), long];
  const widths = (text: string) => text.split("\n").map((line) => line.length);
  const [head = 0, short = 0, wide = 0] = widths(renderJobs({ jobs, total: 2 }));
  expect(Math.max(head, short)).toBeLessThan(100);
  expect(wide).toBeGreaterThan(255);
  const onTerminal = renderJobs({ jobs, total: 2 }, 80);
  expect(Math.max(...widths(onTerminal))).toBeLessThanOrEqual(80);
  expect(onTerminal).toMatch(/ x+…x+\.mkv$/);
});

test("a film that rules left alone tells its profile, and that nothing needs to be done", () => {
  const told = renderJob({
    job: job({ status: "skipped", reason: "not_smaller", profile: "phone\nvideos" }),
    attempts: [],
  });
  expect(told).toContain("Status: skipped (not smaller)");
  expect(told).toMatch(/Profile: phone.+videos$/m);
  expect(told).toContain("Nothing needs to be done");
  expect(told).not.toContain("vc retry");
});
