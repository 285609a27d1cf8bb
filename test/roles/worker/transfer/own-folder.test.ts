import { afterAll, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownFolder, proveFolder } from "../../../../src/roles/worker/transfer/own-folder.ts";
import { noSmallDisk, withSmallDisk } from "../../../support/small-disk.ts";
import { testOr } from "../../../support/test-or.ts";

const root = await mkdtemp(join(tmpdir(), "vc-own-"));
afterAll(() => rm(root, { recursive: true, force: true }));

test("workers that share a cache have folders of their own, also where their names look alike", () => {
  const folders = ["a b", "a_b", "A_B"].map((id) => ownFolder("/cache", "films", id));
  expect(new Set(folders).size).toBe(3);
  expect(ownFolder("/cache", "work", "../x")).toMatch(/^\/cache\/work\/___x-[0-9a-f]{8}$/);
});

test("a folder that can be used is made, and nothing is left of the proof", async () => {
  const folder = join(root, "cache", "work", "w");
  await proveFolder(folder);
  await proveFolder(folder);
  expect(await readdir(folder)).toEqual([]);
});

test("one that cannot is named, with the reason and what to do", async () => {
  await writeFile(join(root, "file"), "");
  const trouble = proveFolder(join(root, "file", "work"));
  await expect(trouble).rejects.toThrow(
    `cannot be kept in ${join(root, "file", "work")}: not a directory. Give`,
  );
  await expect(trouble).rejects.toThrow("or set storage.cache_path");
});

const noOther = process.geteuid?.() === 0 ? null : "needs root to be another user";

testOr(noOther, "one that another user has made is found out before a film is", async () => {
  const folder = join(root, "theirs");
  await mkdir(folder, { mode: 0o755 });
  await chmod(root, 0o755);
  process.seteuid?.(65534);
  try {
    await expect(proveFolder(folder)).rejects.toThrow(`${folder}: permission denied`);
  } finally {
    process.seteuid?.(0);
  }
});

testOr(noSmallDisk, "a full disk is no fault of the folder's", async () => {
  const disk = join(root, "disk");
  await withSmallDisk(disk, 64 * 1024, async () => {
    await writeFile(join(disk, "filler"), new Uint8Array(64 * 1024)).catch(() => {});
    await proveFolder(join(disk, "work"));
  });
});
