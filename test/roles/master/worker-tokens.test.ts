import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorkerTokens, workerTokensPath } from "../../../src/roles/master/worker-tokens.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-tokens-"));
  path = workerTokensPath(join(folder, "jobs.db"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const made = (name: string) => ({ name, created_at: "2026-11-22T09:00:00.000Z" });

test("a token is known at once and after a restart, and its file holds its hash alone", async () => {
  const tokens = openWorkerTokens(path);
  const { token, id } = tokens.add(made("w1"));
  expect(token).toMatch(/^vcw-[0-9a-f]{12}-[\w-]{43}$/);
  for (const at of [tokens, openWorkerTokens(path)]) {
    expect(at.grantOf(token)?.worker_id).toBe("w1");
    expect(at.list()).toEqual([{ ...made("w1"), id }]);
  }
  const kept = await readFile(path, "utf8");
  expect(kept).not.toContain(token.slice(17));
  expect(kept).toContain(new Bun.CryptoHasher("sha256").update(token).digest("hex"));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["jobs.db.worker-tokens.json"]);
});

test("anything but the whole token opens nothing", () => {
  const tokens = openWorkerTokens(path);
  const { token } = tokens.add(made("w1"));
  const other = tokens.add(made("w2")).token;
  const wrong = [
    "",
    "vcw-",
    token.slice(0, -1),
    `${token}A`,
    token.toUpperCase(),
    token.slice(0, 17) + other.slice(17),
  ];
  for (const one of [...wrong, ` ${token}`, token.replace("vcw", "vcx")])
    expect(tokens.grantOf(one)).toBeNull();
});

test("a revoked token ends at once, also after a restart, and its worker may be given another", () => {
  const tokens = openWorkerTokens(path);
  const { token } = tokens.add(made("w1"));
  const grant = tokens.grantOf(token);
  tokens.revoke("w1");
  expect(grant?.revoked.aborted).toBe(true);
  for (const at of [tokens, openWorkerTokens(path)]) expect(at.grantOf(token)).toBeNull();
  expect(() => tokens.revoke("w1")).toThrow(/no worker "w1" has a token/);
  const next = tokens.add(made("w1")).token;
  expect(next).not.toBe(token);
  expect(() => tokens.add(made("w1"))).toThrow(/has a token already/);
  expect(tokens.grantOf(next)?.revoked.aborted).toBe(false);
});

test("a list that cannot be written changes nothing", async () => {
  const tokens = openWorkerTokens(path);
  const { token } = tokens.add(made("w1"));
  await rm(path);
  await mkdir(join(path, "in the way"), { recursive: true });
  expect(() => tokens.revoke("w1")).toThrow(
    /cannot keep the list of workers' tokens in .*Nothing was changed/,
  );
  expect(() => tokens.add(made("w2"))).toThrow(/cannot keep the list/);
  expect(tokens.grantOf(token)?.worker_id).toBe("w1");
  expect(tokens.list().map(({ name }) => name)).toEqual(["w1"]);
  expect(await readdir(folder)).toEqual(["jobs.db.worker-tokens.json"]);
});

test.each([
  "",
  "{",
  "[]",
  '{"tokens":[{"name":"w1"}]}',
  '{"tokens":[{"name":"w","id":"../","created_at":"","sha256":""}]}',
])("a damaged list %p stops the start", async (text) => {
  await writeFile(path, text);
  expect(() => openWorkerTokens(path)).toThrow(/cannot use the list of workers' tokens in .*Repair it/);
});
