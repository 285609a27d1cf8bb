import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acquireLock } from "../../src/db/lock.ts";
import { VcError } from "../../src/shared/errors.ts";
import { until } from "../support/until.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-lock-"));
  path = join(folder, "a.lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function refusal(): VcError | null {
  try {
    acquireLock(path, "me").release();
    return null;
  } catch (error) {
    if (error instanceof VcError) return error;
    throw error;
  }
}

test("one holder at a time, who is named", async () => {
  const lock = acquireLock(path, "the first master");
  expect(refusal()?.code).toBe("locked");
  expect(refusal()?.message).toContain("locked by the first master");
  await unlink(`${path}.owner`);
  expect(refusal()?.message).toContain("locked by another process");
  lock.release();
  expect(refusal()).toBeNull();
});

test("a lock dies with its process", async () => {
  const source = `const { acquireLock } = await import(${JSON.stringify(join(import.meta.dir, "../../src/db/lock.ts"))});
    globalThis.lock = acquireLock(${JSON.stringify(path)}, "the child");
    setInterval(() => globalThis.lock, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", source], { stdout: "ignore", stderr: "inherit" });
  try {
    await until("the child has the lock", () => refusal()?.message.includes("locked by the child"));
  } finally {
    child.kill("SIGKILL");
  }
  await child.exited;
  expect(refusal()).toBeNull();
});

test("where nothing can be locked, the reason is told", () => {
  path = join(folder, "missing", "a.lock");
  expect(refusal()).toMatchObject({ code: "storage", message: expect.stringContaining("cannot be locked") });
});
