import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWay } from "../../../src/roles/master/way.ts";
import { hasPathsOfOpenFolders } from "../../../src/shared/platform.ts";
import { testOr } from "../../support/test-or.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-way-"));
  for (const name of ["base", "base/known", "out"]) await mkdir(at(name));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function writeBehind(rel: string): Promise<void> {
  const way = await openWay(at("base"), rel);
  if ("symlink" in way) throw new Error(`a symlink: ${way.symlink}`);
  await writeFile(join(way.path, "film"), "film");
  await way.close();
}

test.each([".", "known", "new", "known/new/and more", "per %d cent/-x/..."])("a way to %j", async (rel) => {
  await writeBehind(rel);
  expect(existsSync(join(at("base"), rel, "film"))).toBe(true);
});

describe("a symlink is not followed", () => {
  test.each([
    ["link", "link"],
    ["link/below", "link"],
    ["known/link/below", "known/link"],
    ["dangling", "dangling"],
  ])("%s", async (rel, symlinked) => {
    await symlink(at("out"), at("base/link"));
    await symlink(at("out"), at("base/known/link"));
    await symlink("/nowhere", at("base/dangling"));
    expect(await openWay(at("base"), rel)).toEqual({ symlink: symlinked });
    expect(await readdir(at("out"))).toEqual([]);
  });
});

test("a file in the way is the system's error", async () => {
  await writeFile(at("base/file"), "");
  await expect(openWay(at("base"), "file")).rejects.toMatchObject({ code: "ENOTDIR" });
  await expect(openWay(at("base"), "file/below")).rejects.toMatchObject({ code: "ENOTDIR" });
});

test("the base itself may be a symlink: people chose it", async () => {
  await symlink(at("out"), at("base2"));
  const way = await openWay(at("base2"), "sub");
  if ("symlink" in way) throw new Error("a symlink");
  await way.close();
  expect(await readdir(at("out"))).toEqual(["sub"]);
});

const elsewhere = hasPathsOfOpenFolders() ? null : "only Linux has paths of open folders";

testOr(elsewhere, "another folder put in its place later changes nothing", async () => {
  const way = await openWay(at("base"), "known");
  if ("symlink" in way) throw new Error("a symlink");
  await rename(at("base/known"), at("base/moved"));
  await symlink(at("out"), at("base/known"));
  await writeFile(join(way.path, "film"), "film");
  await way.close();
  expect(await readdir(at("out"))).toEqual([]);
  expect(await readdir(at("base/moved"))).toEqual(["film"]);
});
