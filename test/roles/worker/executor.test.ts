import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "../../../src/roles/worker/executor.ts";
import type { AttemptTask } from "../../../src/roles/worker/messages.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

/** The children here are real programs that speak, or fail to speak, the child's side of messages.ts. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-executor-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
async function child(program: string) {
  const name = join(folder, `${++count}`);
  await writeFile(`${name}.ts`, program);
  await writeFile(`${name}.mp4`, "half a film");
  const task = { target: `${name}.mp4` } as AttemptTask;
  return { execution: execute(task, [process.execPath, `${name}.ts`]), target: task.target };
}

const DONE = `{ type: "result", result: { outcome: "done", size: 11, container: "mp4", beside: [], report: { notes: ["n"] } } }`;
const PROGRESS = `{ type: "progress", progress: { stage: "encoding", percent: 40, fps: 25, speed: 2, eta_s: 3 } }`;

test("tells progress and the result, and leaves the finished file", async () => {
  const { execution, target } = await child(`
    process.on("message", ({ type }) => {
      if (type !== "start") return;
      process.send(${PROGRESS});
      process.send(${DONE}, undefined, undefined, () => process.disconnect());
    });`);
  expect(execution.progress().stage).toBe("probing");
  expect(await execution.finished).toEqual({
    outcome: "done",
    size: 11,
    container: "mp4",
    beside: [],
    report: { notes: ["n"] },
  });
  expect(execution.progress()).toEqual({ stage: "encoding", percent: 40, fps: 25, speed: 2, eta_s: 3 });
  expect(existsSync(target)).toBe(true);
});

test("a child that dies without a word is a retryable failure with what it wrote last", async () => {
  const { execution, target } = await child(`console.error("no more memory"); process.exit(7);`);
  expect(await execution.finished).toEqual({
    outcome: "retry",
    reason: "worker_error",
    message: "The process of this attempt ended without a result (exit code 7).",
    report: { log_tail: "no more memory\n" },
  });
  expect(existsSync(target)).toBe(false);
});

test("a killed child says by which signal, and its half film is removed", async () => {
  const { execution, target } = await child(`process.kill(process.pid, "SIGKILL");`);
  const result = await execution.finished;
  expect(result).toMatchObject({ outcome: "retry", reason: "worker_error" });
  expect(result).toMatchObject({ message: expect.stringContaining("SIGKILL") });
  expect(existsSync(target)).toBe(false);
});

test("stop is told to the child, and what it made is removed even when it was done already", async () => {
  const { execution, target } = await child(`
    process.on("message", ({ type }) => {
      if (type === "start") process.send(${PROGRESS});
      else process.send(${DONE}, undefined, undefined, () => process.exit(0));
    });`);
  await until("it has begun", () => execution.progress().stage === "encoding");
  execution.stop();
  expect(await execution.finished).toEqual({ outcome: "stopped" });
  expect(existsSync(target)).toBe(false);
});

test("a child that does not listen is killed after its grace", async () => {
  const { execution } = await child(`
    process.on("SIGTERM", () => {});
    process.on("message", ({ type }) => { if (type === "start") process.send(${PROGRESS}); });
    setInterval(() => {}, 1000);`);
  await until("it has begun", () => execution.progress().stage === "encoding");
  execution.stop();
  expect(await execution.finished).toEqual({ outcome: "stopped" });
}, 300_000);

test("a program that outlives a killed child does not hold up the end of the attempt", async () => {
  const { execution } = await child(`
    const { spawn } = require("node:child_process");
    process.on("message", () => {
      const command = ["sh", "-c", "echo $$ >&2; echo said; exec sleep 60"];
      const { stdout } = spawn("setsid", command, { stdio: ["ignore", "pipe", "inherit"], detached: true });
      stdout.once("data", () => process.kill(process.pid, "SIGKILL"));
    });`);
  const result = await execution.finished;
  expect(result).toMatchObject({ outcome: "retry", reason: "worker_error" });
  const tail = result.outcome === "stopped" ? "" : (result.report.log_tail ?? "");
  expect(tail).toMatch(/^\d+\n$/);
  process.kill(Number(tail), "SIGKILL");
}, 300_000);

test("a program that cannot be started is a retryable failure", async () => {
  const { finished, progress } = execute({ target: join(folder, "none") } as AttemptTask, [
    join(folder, "no-such-program"),
  ]);
  expect(progress().stage).toBe("probing");
  expect(await finished).toMatchObject({
    outcome: "retry",
    reason: "worker_error",
    message: expect.stringContaining("could not be started"),
  });
});

testOr(
  process.platform === "linux" ? null : "looks at processes through /proc",
  "signals to the worker's process group pass the child by",
  async () => {
    const { execution } = await child(`
    process.on("message", () => {
      // proc(5): after the name in parentheses come state, parent and process group.
      const [, , group] = require("node:fs").readFileSync("/proc/self/stat", "utf8").split(") ").at(-1).split(" ");
      const report = { notes: [String(Number(group) === process.pid)] };
      process.send({ type: "result", result: { outcome: "done", size: 0, container: "mp4", beside: [], report } }, undefined, undefined, () => process.exit(0));
    });`);
    expect(await execution.finished).toMatchObject({ report: { notes: ["true"] } });
  },
);

test("the child never sees the token", async () => {
  process.env.VC_TOKEN = "secret-token";
  process.env.VC_WORKER_TOKEN = "secret-token";
  try {
    const { execution } = await child(`
      const report = { notes: [JSON.stringify(process.env).includes("secret-token"), String(process.env.BUN_OPTIONS)] };
      process.send({ type: "result", result: { outcome: "done", size: 0, container: "mp4", beside: [], report } }, undefined, undefined, () => process.exit(0));`);
    expect(await execution.finished).toMatchObject({ report: { notes: [false, "--no-orphans"] } });
  } finally {
    delete process.env.VC_TOKEN;
    delete process.env.VC_WORKER_TOKEN;
  }
});
