import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Master, startMaster } from "../../../src/roles/master/index.ts";
import { loadMasterConfig } from "../../../src/shared/config-file.ts";
import { createLogger } from "../../../src/shared/log.ts";
import { freePort } from "../../support/site.ts";
import { runVc, startVc } from "./run-vc.ts";

/** The commands as processes, against a real master with three films in its queue. */

let folder = "";
let master: Master;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vc-people-"));
  mkdirSync(join(folder, "films", "deep"), { recursive: true });
  mkdirSync(join(folder, "out"));
  for (const name of ["a.mkv", "b.mkv", "deep/ü 映.mkv"]) writeFileSync(join(folder, "films", name), "film");
  writeFileSync(join(folder, "token"), "t0ken\n");
  const flags = {
    "server.port": "0",
    "server.host": "127.0.0.1",
    "server.token": "t0ken",
    "scanner.root_path": join(folder, "films"),
    "scanner.output_base": join(folder, "out"),
    "scanner.settle": "0",
    "database.path": join(folder, "jobs.db"),
  };
  const config = loadMasterConfig({ path: null, implicit: false, flags, env: {} });
  const log = createLogger({ level: "info", format: "text", output_path: join(folder, "log") });
  master = await startMaster(config, { log });
  await master.scan();
});
afterAll(async () => {
  await master.stop();
  rmSync(folder, { recursive: true });
});

const vc = (...args: string[]) => runVc(args, { env: { VC_MASTER_URL: master.url, VC_TOKEN: "t0ken" } });

async function json(...args: string[]) {
  const { code, stdout, stderr } = await vc(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

test("status, as text and as JSON", async () => {
  const { code, stdout } = await vc("status");
  expect(code).toBe(0);
  expect(stdout).toStartWith("📊 Conversion Progress\n├─ Total Files: 3\n├─ Completed: 0 (0.0%)\n");
  expect(await json("status")).toMatchObject({
    total: 3,
    pending: 3,
    completed: 0,
    processing: 0,
    failed: 0,
  });
});

test("stats, workers and scan", async () => {
  expect((await vc("stats")).stdout).toContain("├─ Total: 3\n");
  expect((await vc("workers")).stdout).toStartWith("no worker was ever seen");
  expect((await vc("scan")).stdout).toMatch(/^(the scan has started|a scan is running already)/);
});

test("a token is needed, and may come from a variable, a file, or a file's name in a variable", async () => {
  const ask = (args: string[], env: Record<string, string>) =>
    runVc(["status", "--master", master.url, ...args], { env });
  const without = await ask([], {});
  expect(without.code).toBe(1);
  expect(without.stderr).toContain("VC_TOKEN");
  expect((await ask([], { VC_TOKEN: "wrong" })).code).toBe(1);
  const file = join(folder, "token");
  for (const [args, env] of [
    [["--token-file", file], {}],
    [[], { VC_TOKEN_FILE: file }],
    [["--token-file", file], { VC_TOKEN: "wrong" }],
  ] as const) {
    expect((await ask([...args], env)).code).toBe(0);
  }
});

test("jobs are listed, searched, and shown by id, by its beginning, and by path", async () => {
  const all = await json("jobs");
  expect(all.total).toBe(3);
  const one = all.jobs.find((job: { source_rel: string }) => job.source_rel === "a.mkv");
  for (const name of [one.id, one.id.slice(0, 8), "a.mkv", "a.mp4", one.source_path, one.output_path]) {
    expect((await json("jobs", name)).job.id).toBe(one.id);
  }
  for (const name of ["out/a.mp4", "./out/a.mp4", "films/a.mkv"]) {
    expect((await json("jobs", name)).job.id).toBe(one.id);
  }
  expect((await vc("jobs", "deep/ü 映.mkv")).stdout).toStartWith("🎬 deep/ü 映.mkv\n");
  expect((await json("jobs", "--status", "failed")).total).toBe(0);
  expect((await json("jobs", "--limit", "2")).jobs).toHaveLength(2);
  expect(await vc("jobs", "nowhere")).toEqual({
    code: 1,
    stdout: "",
    stderr: 'vc: no job has "nowhere" in its id or path\n',
  });
  const many = await vc("cancel", ".mkv");
  expect(many.code).toBe(1);
  expect(many.stderr).toStartWith('vc: 3 jobs match ".mkv"; give the id of one:\n');
});

test("cancel, retry and priority", async () => {
  expect((await vc("priority", "a.mkv", "-5")).stdout).toBe("priority -5: a.mkv\n");
  expect((await vc("cancel", "a.mkv")).stdout).toBe("cancelled: a.mkv\n");
  expect((await json("jobs", "a.mkv")).job).toMatchObject({ status: "cancelled", priority: -5 });
  expect((await vc("jobs", "a.mkv")).stdout).toMatch(/👉 `vc retry \w+` queues it again\.\n$/);
  expect((await vc("retry", "a.mkv")).stdout).toBe("queued again: a.mkv\n");
  expect((await json("jobs", "a.mkv")).job.status).toBe("pending");
  expect((await vc("retry", "--limit", "10")).stdout).toBe("0 jobs queued again; 0 failed jobs left\n");
});

test.each(["drain", "resume"])("%s: a worker that was never seen is named", async (command) => {
  const { code, stderr } = await vc(command, "nobody");
  expect(code).toBe(1);
  expect(stderr).toContain("nobody");
});

test("a worker that is not quarantined need not be resumed", async () => {
  const answer = await fetch(`${master.url}/api/worker/register`, {
    method: "POST",
    headers: { authorization: "Bearer t0ken" },
    body: JSON.stringify({ worker_id: "rack-1", session: "s", hostname: "h", version: "1", concurrency: 1 }),
  });
  expect(answer.status).toBe(200);
  expect((await vc("resume", "rack-1")).stdout).toBe("rack-1 was not quarantined\n");
  expect(await json("resume", "rack-1")).toEqual({ was_quarantined: false });
});

test("status --watch --json tells people once that the master is away, and its readers nothing", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const child = startVc(["status", "--watch", "--json", "--master", url]);
  const { value } = await child.stderr.getReader().read();
  expect(new TextDecoder().decode(value)).toBe(
    `vc: cannot reach the master at ${url}: connection refused (is \`vc master\` running there?)\n`,
  );
  child.kill();
  expect(await child.stdout.text()).toBe("");
  await child.exited;
}, 300_000);

test("status --watch goes on showing", async () => {
  const child = startVc(["status", "--watch"], { env: { VC_MASTER_URL: master.url, VC_TOKEN: "t0ken" } });
  let shown = "";
  for await (const chunk of child.stdout) {
    shown += new TextDecoder().decode(chunk);
    if (shown.split("📊 Conversion Progress").length > 2) break;
  }
  child.kill();
  await child.exited;
  expect(shown.split("📊 Conversion Progress").length).toBeGreaterThan(2);
}, 300_000);

test("--config: a worker's or a master's file tells where the master is and what opens it; options beat it", async () => {
  const at = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const { port } = new URL(master.url);
  const worker = at("worker.yaml", `worker: { master_url: "${master.url}", token: t0ken }\n`);
  const here = `server: { host: 127.0.0.1, port: ${port}, token: t0ken }\n`;
  const own = at("master.yaml", `${here}scanner: { root_path: films, output_base: out }\n`);
  const elsewhere = at("other.yaml", `worker: { master_url: "http://127.0.0.1:1", token: no }\n`);
  const vcOf = (...args: string[]) => runVc(args, { env: {} });
  for (const config of [worker, own])
    expect(await vcOf("status", "--config", config)).toMatchObject({ code: 0, stderr: "" });
  const options = ["--master", master.url, "--token-file", join(folder, "token")];
  expect(await vcOf("jobs", "--config", elsewhere, ...options)).toMatchObject({ code: 0, stderr: "" });
  expect((await vcOf("jobs", "--config", elsewhere)).stderr).toContain("http://127.0.0.1:1");
  const neither = at("neither.yaml", "logging: { level: info }\n");
  expect((await vcOf("jobs", "--config", neither)).stderr).toContain("does not tell whose it is");
});
