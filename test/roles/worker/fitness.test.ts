import { expect, test } from "bun:test";
import { createFitness, roomNeeded } from "../../../src/roles/worker/fitness.ts";
import { createWorkspace } from "../../../src/roles/worker/workspace.ts";
import type { Capabilities } from "../../../src/shared/capabilities.ts";
import type { Reason } from "../../../src/shared/job.ts";
import { logLines } from "../../support/log-lines.ts";

const capabilities: Capabilities = {
  ffmpeg: { path: "/usr/bin/ffmpeg", ffprobe_path: "/usr/bin/ffprobe", version: "7", major: 7 },
  gpus: [],
  encoders: [],
  refused: [],
};
const storage = { root: "/", source_root: "/a", output_base: "/", nonce: "n", output_mode: 0o644 };

/** Each proof counts, and fails with the sentence that is put into `trouble`. */
function machine() {
  const proofs = { ffmpeg: 0, mount: 0 };
  const trouble: { ffmpeg?: string | undefined; mount?: string | undefined; thrown?: string | undefined } =
    {};
  const { log, lines } = logLines();
  const fitness = createFitness({
    log,
    async detect() {
      proofs.ffmpeg += 1;
      if (trouble.ffmpeg !== undefined) throw new Error(trouble.ffmpeg);
      return capabilities;
    },
    async choose() {
      proofs.mount += 1;
      if (trouble.thrown !== undefined) throw new Error(trouble.thrown);
      if (trouble.mount !== undefined) return trouble.mount;
      const workspace = createWorkspace(storage, null);
      return { kind: "mount" as const, workspace, output_base: workspace.output_base };
    },
  });
  return { fitness, proofs, trouble, lines };
}

test("a machine is proven once, as long as nothing comes into doubt", async () => {
  const { fitness, proofs, lines } = machine();
  expect(await fitness.check()).toMatchObject({ capabilities, way: { workspace: { source_root: "/a" } } });
  await fitness.check();
  expect({ proofs, lines, problem: fitness.problem() }).toEqual({
    proofs: { ffmpeg: 1, mount: 1 },
    lines: [],
    problem: null,
  });
});

test("trouble is told once when it begins and once when it is over", async () => {
  const { fitness, trouble, lines } = machine();
  trouble.ffmpeg = "There is no ffmpeg.";
  expect([await fitness.check(), await fitness.check(), fitness.problem()]).toEqual([
    null,
    null,
    "There is no ffmpeg.",
  ]);
  trouble.ffmpeg = undefined;
  trouble.mount = "It is not mounted.";
  expect([await fitness.check(), fitness.problem()]).toEqual([null, "It is not mounted."]);
  trouble.mount = undefined;
  trouble.thrown = "It hangs.";
  expect([await fitness.check(), fitness.problem()]).toEqual([null, "It hangs."]);
  trouble.thrown = undefined;
  expect(await fitness.check()).not.toBeNull();
  expect(fitness.problem()).toBeNull();
  expect(lines).toEqual([
    "this machine cannot work, trying on",
    "this machine cannot work, trying on",
    "this machine cannot work, trying on",
    "this machine can work again",
  ]);
});

test("trouble that differs only in its numbers is told once", async () => {
  const { fitness, trouble, lines } = machine();
  for (const free of [12, 9, 4]) {
    trouble.mount = `The disk is full (${free} of 100 MiB free).`;
    await fitness.check();
  }
  expect(fitness.problem()).toContain("(4 of 100");
  expect(lines).toEqual(["this machine cannot work, trying on"]);
});

test.each<[Reason, number, number]>([
  ["ffmpeg_missing", 2, 1],
  ["mount_lost", 1, 2],
  ["transfer_failed", 1, 2],
  ["worker_error", 1, 2],
  ["source_damaged", 1, 1],
  ["disk_full", 1, 1],
])("after %s, ffmpeg was tried %d times and the mount proven %d times", async (reason, ffmpeg, mount) => {
  const { fitness, proofs } = machine();
  await fitness.check();
  fitness.doubt(reason);
  await fitness.check();
  expect(proofs).toEqual({ ffmpeg, mount });
});

const GIB = 1024 ** 3;
test.each([
  ["a large disk needs 1 GiB", 1000 * GIB, 1, GIB],
  ["a small one a tenth", GIB, 1, GIB / 10],
  ["a film that did not fit needs its own size", 1000 * GIB, 100 * GIB, 100 * GIB],
  ["but not more than the disk can ever have", GIB, 100 * GIB, 0.9 * GIB],
])("room for new work: %s", (_, size_bytes, wanted_bytes, needed) => {
  expect(roomNeeded({ size_bytes, wanted_bytes })).toBe(needed);
});
