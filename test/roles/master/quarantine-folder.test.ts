import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removePublished } from "../../../src/roles/master/beside.ts";
import { remove } from "../../../src/roles/master/files.ts";
import { inRealFolder, removeBelow, statBelow } from "../../../src/roles/master/quarantine-folder.ts";
import { hasPathsOfOpenFolders } from "../../../src/shared/platform.ts";
import { testOr } from "../../support/test-or.ts";

let root: string;
const at = (rel: string) => join(root, rel);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "vc-below-"));
  for (const folder of ["Show/deep", "trap"]) await mkdir(at(folder), { recursive: true });
  for (const rel of ["Show/a", "Show/deep/a", "trap/a"]) await writeFile(at(rel), rel);
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("what lies below a root is seen", async () => {
  expect((await statBelow(root, "Show/a"))?.size).toBe(6n);
  expect((await statBelow(root, "Show/deep/a"))?.size).toBe(11n);
  expect((await statBelow(root, "Show"))?.isDirectory()).toBe(true);
});

test("what is not there, or would have to lie in a file, is not, and no folder is made for it", async () => {
  for (const rel of ["b", "Show/b", "gone/a", "gone/deep/a", "Show/a/b", "Show/a/deep/b"]) {
    expect(await statBelow(root, rel)).toBeNull();
    await removeBelow(root, rel);
  }
  expect((await readdir(root)).sort()).toEqual(["Show", "trap"]);
});

test("behind a symlink nothing is seen, nor taken away", async () => {
  await rename(at("Show/deep"), at("Show/real"));
  await symlink(at("trap"), at("Show/deep"));
  expect(await statBelow(root, "Show/deep/a")).toBeNull();
  expect(await removeBelow(root, "Show/deep/a")).toBe(false);
  await removePublished(root, [{ output_rel: "Show/deep/a", size: 6, mtime_ns: "0" }]);
  expect(await readdir(at("trap"))).toEqual(["a"]);
  expect((await statBelow(root, "Show/deep"))?.isSymbolicLink()).toBe(true);
});

const needsOpenFolders = hasPathsOfOpenFolders() ? null : "this system names no open folders";

testOr(needsOpenFolders, "a symlink that is put in the way meanwhile leads nowhere", async () => {
  await inRealFolder(root, "Show/deep/a", async (path) => {
    await rename(at("Show"), at("Real"));
    await mkdir(at("Show"));
    await symlink(at("trap"), at("Show/deep"));
    await remove(path);
  });
  expect(await readdir(at("trap"))).toEqual(["a"]);
  expect(await readdir(at("Real/deep"))).toEqual([]);
});
