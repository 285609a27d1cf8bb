import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ended, execute } from "../../../src/roles/worker/executor.ts";
import type { AttemptResult, AttemptTask } from "../../../src/roles/worker/messages.ts";
import { withMountChild } from "../../../src/roles/worker/mount-child.ts";
import { createMountWatch } from "../../../src/roles/worker/mount-watch.ts";
import { executeMounted } from "../../../src/roles/worker/mounted-execution.ts";
import { createWarnings } from "../../../src/roles/worker/warnings.ts";
import { createWorkspace, whyHung } from "../../../src/roles/worker/workspace.ts";
import { logLines } from "../../support/log-lines.ts";
import { noPipes, pipeAt } from "../../support/pipe.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-mounted-"));
  await mkdir(join(folder, "out", ".vc"), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A watch of a folder whose canary may be a pipe: then it hangs. */
function watched(patience_ms: number, every_ms = 20) {
  const roots = { root: folder, source_root: join(folder, "films"), output_base: join(folder, "out") };
  const workspace = createWorkspace({ ...roots, nonce: "n", output_mode: 0o644 }, null);
  const { log, lines } = logLines();
  const warnings = createWarnings();
  const end = new AbortController();
  let changes = 0;
  const watch = createMountWatch({
    look: (one) => withMountChild((files) => whyHung(one, files), { limit_ms: 400 }),
    ...{ every_ms, patience_ms, log, warnings, signal: end.signal },
    onChange: () => void changes++,
  });
  watch.follow(workspace, null);
  const canary = workspace.canary.path;
  const hang = async () => {
    await pipeAt(canary);
    await until("it is seen to hang", () => warnings.list().length > 0);
  };
  const heal = async () => {
    await rm(canary);
    await writeFile(canary, "n");
    await until("it is seen to answer", () => warnings.list().length === 0);
  };
  return { watch, canary, warnings, lines, hang, heal, changes: () => changes, end: () => end.abort() };
}

const FAILED: AttemptResult = { outcome: "retry", reason: "stalled", message: "No progress.", report: {} };

testOr(noPipes, "a mount that hangs is told for as long as it does", async () => {
  const { watch, warnings, lines, hang, heal, changes, end } = watched(60_000);
  await hang();
  expect(warnings.list()).toEqual([expect.stringContaining("The mounted storage does not answer. ")]);
  await heal();
  expect([warnings.list(), changes()]).toEqual([[], 2]);
  expect(lines.map((line) => JSON.stringify(line))).toEqual([
    expect.stringContaining("the mounted storage does not answer"),
    expect.stringContaining("answers again"),
  ]);
  watch.follow(createWorkspace({ ...ROOTS, nonce: "n", output_mode: 0o644 }, null), "It hangs.");
  expect(warnings.list()).toEqual(["The mounted storage does not answer. It hangs."]);
  end();
});

const ROOTS = { root: "/", source_root: "/a", output_base: "/b" };

testOr(noPipes, "what fails on a mount that hangs is not the film's fault", async () => {
  const { watch, canary, end } = watched(60_000, 3_600_000);
  expect(await executeMounted(ended(FAILED), watch).finished).toEqual(FAILED);
  // Before anybody has seen that it hangs.
  await pipeAt(canary);
  expect(await executeMounted(ended(FAILED), watch).finished).toMatchObject({
    outcome: "retry",
    reason: "mount_lost",
    message: expect.stringMatching(/the mount hangs.* No progress\.$/),
  });
  const skipped = { ...FAILED, outcome: "skipped", reason: "no_video" } as const;
  expect(await executeMounted(ended(skipped), watch).finished).toEqual(skipped);
  await rm(canary);
  expect(await executeMounted(ended(FAILED), watch).finished).toEqual(FAILED);
  end();
});

testOr(
  noPipes,
  "an attempt that stands still on it is given up in the end, whatever its process does",
  async () => {
    const { watch, hang, end } = watched(300);
    const program = join(folder, "deaf.ts");
    await writeFile(program, `process.on("message", () => {}); setInterval(() => {}, 1000);`);
    const task = { target: join(folder, "target.mp4") } as AttemptTask;
    const inner = execute(task, [process.execPath, program]);
    const { finished } = executeMounted(inner, watch);
    await hang();
    expect(await finished).toMatchObject({ outcome: "retry", reason: "mount_lost" });
    // It has been told to stop, and is killed.
    expect(await inner.finished).toEqual({ outcome: "stopped" });
    end();
  },
  30_000,
);

testOr(noPipes, "an attempt that gets on all the same goes on", async () => {
  const { watch, hang, heal, end } = watched(100);
  let percent = 0;
  let stops = 0;
  const made = Promise.withResolvers<AttemptResult>();
  const { finished } = executeMounted(
    {
      progress: () => ({ stage: "encoding", percent: ++percent, fps: 1, speed: 1, eta_s: 1 }),
      stop: () => void stops++,
      finished: made.promise,
    },
    watch,
  );
  await hang();
  await until("it was looked at often", () => percent > 4);
  await heal();
  made.resolve(FAILED);
  expect([await finished, stops]).toEqual([FAILED, 0]);
  end();
});

test("without a mount nothing is looked at", async () => {
  const { log } = logLines();
  const end = new AbortController();
  let looks = 0;
  const look = async () => `look ${++looks}`;
  const parts = { look, every_ms: 1, patience_ms: 1, log, warnings: createWarnings(), onChange: () => {} };
  const watch = createMountWatch({ ...parts, signal: end.signal });
  const other = createMountWatch({ ...parts, signal: end.signal });
  other.follow(createWorkspace({ ...ROOTS, nonce: "n", output_mode: 0o644 }, null), null);
  await until("the other one was looked at", () => looks > 2);
  expect([await watch.ask(), await other.ask()]).toEqual([null, expect.stringContaining("look")]);
  end.abort();
});
