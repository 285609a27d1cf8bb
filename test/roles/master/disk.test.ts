import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchDisks } from "../../../src/roles/master/disk.ts";
import { createProblems } from "../../../src/roles/master/problems.ts";
import { createLogger } from "../../../src/shared/log.ts";
import { testOr } from "../../support/test-or.ts";

const hasProc = process.platform === "linux" ? null : "needs Linux, whose /proc has no free space";
const newProblems = () => createProblems(createLogger({ level: "error", format: "text", output_path: null }));

testOr(hasProc, "a disk without free space is a problem, for results and for the database", async () => {
  const problems = newProblems();
  await watchDisks({ output_base: "/proc", database_folder: "/proc", problems });
  expect(problems.list()).toEqual([
    "The disk of /proc (output) is nearly full: 0 MiB are left. Free some space.",
    "The disk of /proc (database) is nearly full: 0 MiB are left. Free some space.",
  ]);
});

test("a folder that is gone is a problem until it is back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vc-disk-"));
  const problems = newProblems();
  try {
    const watch = (name: string) =>
      watchDisks({ output_base: folder, database_folder: join(folder, name), problems });
    await watch("missing");
    expect(problems.list()).toContain(
      `${folder}/missing (database) cannot be reached: ENOENT. Is its volume mounted?`,
    );
    await watch(".");
    expect(problems.list().filter((problem) => problem.includes("cannot be reached"))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
