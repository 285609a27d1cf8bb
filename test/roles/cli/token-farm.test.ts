import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Master } from "../../../src/roles/master/index.ts";
import { startRealMaster } from "./real-master.ts";
import { runVc } from "./run-vc.ts";

/** `vc token` as a process, against a real master whose token is configured. */

let folder = "";
let master: Master;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vc-token-farm-"));
  master = await startRealMaster(folder);
});
afterAll(async () => {
  await master.stop();
  rmSync(folder, { recursive: true });
});

const vc = (token: string, ...args: string[]) =>
  runVc(args, { cwd: folder, env: { VC_MASTER_URL: master.url, VC_TOKEN: token } });

test("a worker's token: made, shown once, listed, refused to people's commands, revoked", async () => {
  const { port } = new URL(master.url);
  const made = await vc("t0ken", "token", "add", "worker 3");
  expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: "" });
  const [token = "", ...rest] = made.stdout.split("\n");
  expect(token).toMatch(/^vcw-[0-9a-f]{12}-[\w-]{43}$/);
  const line = `vc worker --master http://${hostname()}:${port} --id 'worker 3'`;
  expect(rest).toContain(`  VC_TOKEN=${token} ${line}`);
  expect(rest).toContain(`  ${line} --token-file FILE`);

  const again = await vc("t0ken", "token", "add", "worker 3");
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("has a token already")]);
  const list = await vc("t0ken", "token", "list");
  expect(list.stdout).toMatch(
    new RegExp(`^WORKER +TOKEN +MADE\nworker 3 +${token.slice(0, 16)}-\\.\\.\\. +`),
  );
  expect(list.stdout).not.toContain(token.slice(17));
  expect(JSON.parse((await vc("t0ken", "token", "list", "--json")).stdout)).toEqual({
    tokens: [{ name: "worker 3", id: token.slice(4, 16), created_at: expect.any(String) }],
  });

  for (const args of [["status"], ["token", "list"], ["token", "add", "x"]]) {
    const refused = await vc(token, ...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toStartWith(`vc: the token of the worker "worker 3" opens a worker's calls only`);
  }

  expect(await vc("t0ken", "token", "revoke", "worker 3")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^revoked: /),
  });
  expect((await vc(token, "status")).stderr).toStartWith(
    "vc: the token that came with the call is not this master's",
  );
  expect((await vc("t0ken", "token", "list")).stdout).toStartWith("no worker has a token of its own");
  const gone = await vc("t0ken", "token", "revoke", "worker 3");
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('no worker "worker 3" has a token')]);
}, 300_000);

test("the master's configuration stands for its address and its token", async () => {
  const { port } = new URL(master.url);
  const text = `scanner: {root_path: films, output_base: out}\nserver: {port: ${port}, token: t0ken}\n`;
  writeFileSync(join(folder, "m.yaml"), text);
  const listed = await runVc(["token", "list", "--config", "m.yaml"], { cwd: folder });
  expect(listed).toMatchObject({ code: 0, stderr: "" });
}, 300_000);
