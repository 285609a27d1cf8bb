import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moveToFreeName } from "../../../src/roles/master/files.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-files-"));
  await writeFile(join(folder, "mine"), "mine");
});
afterEach(() => rm(folder, { recursive: true }));

test("a file moves to a name that is free", async () => {
  expect(await moveToFreeName(join(folder, "mine"), join(folder, "film"))).toBe(true);
  expect(await readdir(folder)).toEqual(["film"]);
});

test("what took the name meanwhile stays, and so does the file", async () => {
  await writeFile(join(folder, "film"), "foreign");
  expect(await moveToFreeName(join(folder, "mine"), join(folder, "film"))).toBe(false);
  expect(await readFile(join(folder, "film"), "utf8")).toBe("foreign");
  expect(await readFile(join(folder, "mine"), "utf8")).toBe("mine");
});
