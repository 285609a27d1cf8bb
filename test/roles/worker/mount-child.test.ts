import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withMountChild } from "../../../src/roles/worker/mount-child.ts";
import { filesHere } from "../../../src/roles/worker/mount-files.ts";
import { createWorkspace, proveMount, whyHung } from "../../../src/roles/worker/workspace.ts";
import { systemCode } from "../../../src/shared/errors.ts";
import { noPipes, pipeAt } from "../../support/pipe.ts";
import { testOr } from "../../support/test-or.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-mount-child-"));
  await mkdir(join(folder, "out", ".vc"), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const codeOf = (promise: Promise<unknown>) => promise.then(() => "done", systemCode);

test("the child does what the process itself would, with the system's errors", () =>
  withMountChild(async (files) => {
    const path = join(folder, "a file");
    await files.write(path, "text");
    expect(await codeOf(files.write(path, "other"))).toBe("EEXIST");
    expect(await files.read(path)).toBe("text");
    const head_sha256 = createHash("sha256").update("text").digest("hex");
    expect(await files.look(path)).toEqual({ is_file: true, size: 4, head_sha256 });
    expect(await files.look(folder)).toMatchObject({ is_file: false, head_sha256: "" });
    expect((await files.room(folder)).size_bytes).toBe((await filesHere.room(folder)).size_bytes);
    await files.remove(path);
    expect(existsSync(path)).toBe(false);
    expect(await codeOf(files.read(path))).toBe("ENOENT");
  }));

testOr(noPipes, "what hangs is given up, and so is all that follows", async () => {
  const path = await pipeAt(join(folder, "hangs"));
  const limits = { limit_ms: 300 };
  await withMountChild(async (files) => {
    expect(files.read(path)).rejects.toThrow(`${path} did not answer within 0.3 s: the mount hangs`);
    expect(await codeOf(files.read(path))).toBe("ETIMEDOUT");
    expect(await codeOf(files.look(folder))).toBe("ETIMEDOUT");
  }, limits);
  // Another child, as the mount may answer again.
  expect((await withMountChild((files) => files.look(folder), limits)).is_file).toBe(false);
});

test("a child that dies is no mount that hangs", async () => {
  const command = [process.execPath, "-e", "process.exit(3)"];
  const read = withMountChild((files) => files.read("x"), { command });
  expect(read).rejects.toThrow("has ended");
  expect(await codeOf(read)).toBeUndefined();
});

testOr(noPipes, "a mount that hangs at its proof is told as such", async () => {
  const roots = { root: folder, source_root: join(folder, "films"), output_base: join(folder, "out") };
  const workspace = createWorkspace({ ...roots, nonce: "n", output_mode: 0o644 }, null);
  await pipeAt(workspace.canary.path);
  const ask = () => Promise.reject(new Error("it was asked"));
  await withMountChild(
    async (files) => {
      const told = `${workspace.canary.path} did not answer within 0.3 s: the mount hangs. Is its server alive?`;
      expect(await proveMount(workspace, ask, files)).toBe(told);
      expect(await whyHung(workspace, files)).toBe(told);
    },
    { limit_ms: 300 },
  );
  await rm(workspace.canary.path);
  await withMountChild(async (files) => expect(await whyHung(workspace, files)).toBeNull());
});
