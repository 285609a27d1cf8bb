import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessRule } from "../../../src/roles/master/token.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-token-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const rule = (token: string | null) =>
  accessRule({ token, allow_anonymous: false, database_path: join(folder, "jobs.db") });

test("a configured token is taken as it is, and nothing is written", async () => {
  expect(rule("mine")).toEqual({ token: "mine", made: false, allow_anonymous: false });
  expect(await readdir(folder)).toEqual([]);
});

test("a made token is kept beside the database, for its user alone", async () => {
  const first = rule(null);
  const path = join(folder, "jobs.db.token");
  expect(first.made).toBe(true);
  expect(first.token).toMatch(/^[\w-]{43}$/);
  expect((await readFile(path, "utf8")).trim()).toBe(first.token);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(rule(null)).toEqual(first);
  expect(await readdir(folder)).toEqual(["jobs.db.token"]);
});

test("an empty token file is not taken for a token", async () => {
  await writeFile(join(folder, "jobs.db.token"), "\n");
  expect(() => rule(null)).toThrow(/must hold one token/);
});

test("a folder that is not there is told", async () => {
  await rm(folder, { recursive: true });
  expect(() => rule(null)).toThrow(/cannot keep the token in .*jobs.db.token/);
});
