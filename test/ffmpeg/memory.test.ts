import { expect } from "bun:test";
import { readFile } from "node:fs/promises";
import { watchMemory } from "../../src/ffmpeg/memory.ts";
import { captureTool } from "../../src/ffmpeg/tool.ts";
import { testOr } from "../support/test-or.ts";

const cannot = process.platform === "linux" ? null : "only Linux tells what a process takes";
const GREEDY = [
  process.execPath,
  "-e",
  "globalThis.kept = Buffer.alloc(400_000_000, 1); setInterval(() => {}, 1000)",
];

testOr(cannot, "a tool that takes more memory than it may is killed", async () => {
  const run = await captureTool({
    ...{ argv: GREEDY, limit_ms: 50_000, max_bytes: 1000 },
    max_memory_bytes: 300_000_000,
  });
  expect(run).toMatchObject({ too_large: true, timed_out: false, signal: "SIGKILL" });
});

testOr(cannot, "the system ends it before any other where memory runs out", async () => {
  const child = Bun.spawn(["sleep", "60"]);
  const watch = watchMemory({ pid: child.pid, limit_bytes: 1_000_000_000, onExceeded: () => undefined });
  try {
    const score = () => readFile(`/proc/${child.pid}/oom_score_adj`, "utf8");
    const deadline_ms = performance.now() + 45_000;
    while ((await score()) !== "1000\n" && performance.now() < deadline_ms) await Bun.sleep(10);
    expect(await score()).toBe("1000\n");
  } finally {
    watch.end();
    child.kill();
  }
});
