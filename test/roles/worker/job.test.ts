import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { detectCapabilities } from "../../../src/roles/worker/capabilities.ts";
import { execute } from "../../../src/roles/worker/executor.ts";
import { createGpus } from "../../../src/roles/worker/gpus.ts";
import type { AttemptTask } from "../../../src/roles/worker/messages.ts";
import { createWarnings } from "../../../src/roles/worker/warnings.ts";
import { WorkerConfig } from "../../../src/shared/config-worker.ts";
import { CPU_ONLY } from "../../../src/shared/gpu.ts";
import type { JobOrder } from "../../../src/shared/job.ts";
import { makeFake } from "../../ffmpeg/fake.ts";
import { gpuRecord } from "../../ffmpeg/gpu-record.ts";
import { conversion } from "../../ffmpeg/records.ts";
import { recallTrials } from "../../support/known-trials.ts";
import { logLines } from "../../support/log-lines.ts";
import { ROOT } from "../../support/sources.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

/** The real child process of an attempt, with a real ffmpeg. */
const COMMAND = [process.execPath, join(ROOT, "src", "main.ts"), "__job"];
let folder: string;
let capabilities: AttemptTask["capabilities"];
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-job-"));
  await recallTrials(folder);
  capabilities = await detectCapabilities({ path: null, ffprobe_path: null, cache_path: folder });
  const clip = ["-f", "lavfi", "-i", "testsrc2=s=320x240:d=1", "-c:v", "libx264", at("film.mkv")];
  await Bun.spawn([capabilities.ffmpeg.path, "-v", "error", "-y", ...clip]).exited;
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

let task: AttemptTask;
beforeEach(async () => {
  await rm(at("target.mp4"), { force: true });
  await writeFile(at("canary"), "n0nce");
  const { size, mtimeNs } = await stat(at("film.mkv"), { bigint: true });
  const order = {
    source_size: Number(size),
    source_mtime_ns: String(mtimeNs),
    conversion: conversion({ preset: "ultrafast" }),
  };
  task = {
    order: order as JobOrder,
    source: at("film.mkv"),
    source_root: folder,
    target: at("target.mp4"),
    canary: { path: at("canary"), text: "n0nce" },
    watch_ms: 100,
    capabilities,
    gpu: CPU_ONLY,
    limits: { job_timeout_ms: 0, ffmpeg_timeout_ms: 0, stall_timeout_ms: 0 },
  };
});
const run = () => execute(task, COMMAND).finished;

test("makes the film, and says how large it is", async () => {
  const result = await run();
  const { size } = await stat(at("target.mp4"));
  expect(result).toMatchObject({ outcome: "done", size, report: { plan: { encoder: "libx264" } } });
}, 300_000);

test("never writes through a link that somebody put under the staging file's name", async () => {
  await writeFile(at("precious"), "precious");
  await symlink(at("precious"), at("target.mp4"));
  expect(await run()).toMatchObject({ outcome: "done" });
  expect(await readFile(at("precious"), "utf8")).toBe("precious");
}, 300_000);

test("a staging file that cannot be made says why", async () => {
  task = { ...task, target: join(folder, "no-such-folder", "target.mp4") };
  expect(await run()).toMatchObject({
    outcome: "retry",
    reason: "worker_error",
    message: expect.stringContaining("cannot be made"),
  });
});

test.each([
  ["another canary is a lost mount", () => writeFile(at("canary"), "other"), "retry", "mount_lost"],
  ["no canary is a lost mount", () => rm(at("canary")), "retry", "mount_lost"],
  ["a film that is newer has changed", () => utimes(at("film.mkv"), 1, 1e9), "retry", "source_changed"],
] as const)("%s", async (_, spoil, outcome, reason) => {
  await spoil();
  expect(await run()).toMatchObject({ outcome, reason });
});

test("a film behind a folder that became a symlink is not read", async () => {
  await rm(at("link"), { force: true });
  await symlink(folder, at("link"));
  task = { ...task, source: at("link/film.mkv") };
  expect(await run()).toMatchObject({
    outcome: "retry",
    reason: "source_changed",
    message: expect.stringContaining(`${at("link")} is a symlink`),
  });
  task = { ...task, source_root: at("link") };
  expect(await run()).toMatchObject({ outcome: "done" });
}, 300_000);

testOr(
  process.platform === "win32" ? "Windows has no pipes in folders" : null,
  "a pipe in a film's place is not waited for",
  async () => {
    await Bun.spawn(["mkfifo", at("pipe")]).exited;
    task = { ...task, source: at("pipe") };
    expect(await run()).toMatchObject({ outcome: "skipped", reason: "source_missing" });
  },
);

test("a film that is not there is told as missing", async () => {
  task = { ...task, source: at("gone.mkv") };
  expect(await run()).toMatchObject({ outcome: "skipped", reason: "source_missing" });
});

test.each([
  ["changed", () => utimes(at("long.mkv"), 1, 1e9), "retry", "source_changed"],
  ["deleted", () => rm(at("long.mkv")), "skipped", "source_missing"],
] as const)(
  "a film that is %s while it is converted is not converted to its end",
  async (_, spoil, outcome, reason) => {
    // Long beside the tenth of a second in which the watch ends it.
    const clip = [
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=640x360:d=30",
      "-c:v",
      "mpeg4",
      "-q:v",
      "5",
      at("long.mkv"),
    ];
    await Bun.spawn([capabilities.ffmpeg.path, "-v", "error", "-y", ...clip]).exited;
    const { size, mtimeNs } = await stat(at("long.mkv"), { bigint: true });
    const order = { ...task.order, source_size: Number(size), source_mtime_ns: String(mtimeNs) };
    order.conversion = conversion({ preset: "veryslow" });
    const execution = execute({ ...task, order, source: at("long.mkv") }, COMMAND);
    await until("ffmpeg encodes", () => execution.progress().stage === "encoding");
    await spoil();
    expect(await execution.finished).toMatchObject({ outcome, reason });
    expect(await Bun.file(at("target.mp4")).exists()).toBe(false);
  },
  300_000,
);

test("what a film taught about a GPU comes to the pool: the next film leaves it alone, until its cool-down is over", async () => {
  // Dies whenever it is to use a GPU.
  const body = `if (!argv.includes("-init_hw_device")) process.exit(real(argv));
    process.kill(process.pid, "SIGSEGV");`;
  const path = await makeFake(folder, "no-gpu", body, capabilities.ffmpeg.path);
  const machine = { ...capabilities, gpus: [gpuRecord()], ffmpeg: { ...capabilities.ffmpeg, path } };
  const config = v.parse(WorkerConfig, { ffmpeg: { use_vulkan: true } });
  let now_ms = Date.now();
  const gpus = createGpus({
    config,
    file: at("gpu-memory.json"),
    log: logLines().log,
    warnings: createWarnings(),
    now_ms: () => now_ms,
  });
  await gpus.see(machine);
  const film = async () => {
    const lease = gpus.take();
    const made = await execute({ ...task, capabilities: machine, gpu: lease.use }, COMMAND, lease).finished;
    lease.release();
    if (made.outcome !== "done") throw new Error(JSON.stringify(made));
    return made.report;
  };

  const first = await film();
  expect(first.earlier).toMatchObject([
    { plan: { decode: "vulkan" }, message: expect.stringContaining("SIGSEGV") },
  ]);
  expect(first.plan).toMatchObject({ decode: "cpu", family: "software" });
  expect(gpus.standings()).toMatchObject([{ state: "failing" }]);
  const second = await film();
  expect(second.earlier).toBeUndefined();
  expect(second.plan?.passed_over.map(({ why }) => why)).toContainEqual(
    expect.stringMatching(/failed lately \(ffmpeg ended by SIGSEGV: .* \(tried again in 60 min\)\)/),
  );
  now_ms += 3_600_000;
  expect((await film()).earlier).toHaveLength(1);
}, 300_000);
