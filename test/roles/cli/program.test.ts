import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatJoinLine } from "../../../src/shared/join-line.ts";
import { freePort } from "../../support/site.ts";
import { runVc, startVc } from "./run-vc.ts";

const FIXTURES = join(import.meta.dir, "..", "..", "fixtures");
let folder = "";
let closed = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vc-cli-"));
  closed = `http://127.0.0.1:${freePort()}`;
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(["--version", "-v", "version"])("vc %s prints the version and nothing else", async (arg) => {
  const { code, stdout, stderr } = await runVc([arg]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^\S+\n$/);
});

test("help lists every command, and each command's help its options, without colours on a pipe", async () => {
  const help = await runVc(["help"]);
  expect(help.code).toBe(0);
  const names = [...help.stdout.matchAll(/^ {2}(\w+) {2,}\S/gm)].map((match) => match[1] ?? "");
  expect(names).toContain("master");
  expect(names).toContain("validate");
  expect((await runVc(["--help"])).stdout).toBe(help.stdout);
  const [ofStatus, same] = await Promise.all([runVc(["help", "status"]), runVc(["status", "--help"])]);
  expect(ofStatus.stdout).toBe(same.stdout);
  expect(ofStatus.stdout).toStartWith("Show how far the conversion is");
  expect(ofStatus.stdout).toContain("USAGE vc status [OPTIONS]");
  expect(ofStatus.stdout).toContain("--master=<URL>");
  expect(ofStatus.stdout).not.toContain("\x1b");
});

test.each<[string[], string]>([
  [["stauts"], 'unknown command "stauts"; did you mean `vc status`?'],
  [["constructor"], 'unknown command "constructor"; see `vc help`'],
  [["help", "nothing"], 'unknown command "nothing"; see `vc help`'],
  [["--json"], "unknown option --json; see `vc help`"],
  [["status", "--wacth"], "unknown option --wacth; did you mean --watch?"],
  [["status", "extra"], 'unexpected argument "extra"; see `vc help status`'],
  [["status", "--master"], "--master needs a value; see `vc help status`"],
  [
    ["status", "--master", "localhost"],
    '--master: found "localhost"; allowed: an address such as http://storage-server:8080',
  ],
  [["jobs", "--limit", "many"], '--limit: found "many"; allowed: a whole number from 1 to 1000'],
  [
    ["jobs", "--status", "done"],
    '--status: found "done"; allowed: pending, processing, publishing, completed, failed, skipped, cancelled',
  ],
  [["retry", "x", "--limit", "3"], "--limit is for retrying all; leave out the job or the limit"],
  [["cancel"], "JOB is missing; see `vc help cancel`"],
  [["priority", "x", "high"], 'PRIORITY: found "high"; allowed: a whole number from -1000 to 1000'],
  ...[
    ["token", "make"],
    ["token", "add"],
    ["token", "list", "x"],
    ["token", "revoke"],
  ].map((args): [string[], string] => [
    args,
    "allowed: `vc token show [FILE]`, `vc token list`, `vc token add WORKER` and `vc token revoke WORKER`",
  ]),
  [["validate"], "FILE is missing; see `vc help validate`"],
  [
    ["master", "a.yaml", "--config", "b.yaml"],
    "the configuration file is named twice, as an argument and with --config; name it once",
  ],
  [
    ["worker", "--worker.token", "x"],
    "--worker.token: command lines, which everybody can see, hold no token; use VC_TOKEN, a token file or the configuration file",
  ],
])("vc %j is wrong use", async (args, message) => {
  expect(await runVc(args, { cwd: folder })).toEqual({ code: 2, stdout: "", stderr: `vc: ${message}\n` });
});

test("vc alone tells its commands, as wrong use", async () => {
  const { code, stdout, stderr } = await runVc([]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("Usage: vc COMMAND [OPTIONS]");
});

test.each([
  "status",
  "stats",
  "workers",
  "scan",
  "retry",
  "jobs x",
  "cancel x",
  "drain w --json",
  "resume w",
])("vc %s: a master that cannot be reached is one line and exit code 1", async (line) => {
  const expected = {
    code: 1,
    stdout: "",
    stderr: `vc: cannot reach the master at ${closed}: connection refused (is \`vc master\` running there?)\n`,
  };
  const args = line.split(" ");
  expect(await runVc([...args, "--master", closed])).toEqual(expected);
  expect(await runVc(args, { env: { VC_MASTER_URL: closed } })).toEqual(expected);
});

test("validate says what is right, and what is wrong", async () => {
  const worker = await runVc(["validate", join(FIXTURES, "seed-worker.yaml")]);
  expect(worker).toMatchObject({ code: 0, stderr: "" });
  expect(worker.stdout.split("\n")[0]).toEndWith(
    "seed-worker.yaml: a worker's configuration without mistakes",
  );
  const master = await runVc(["validate", join(FIXTURES, "seed-master.yaml"), "--json"]);
  expect(JSON.parse(master.stdout)).toEqual({ valid: true, role: "master", notes: [] });
  writeFileSync(join(folder, "bad.yaml"), "worker:\n  concurency: 3\n");
  expect(await runVc(["validate", "bad.yaml"], { cwd: folder })).toEqual({
    code: 2,
    stdout: "",
    stderr: [
      "vc: the configuration file bad.yaml cannot be used:",
      "  bad.yaml:2:3: worker.concurency: unknown key; did you mean worker.concurrency?\n",
    ].join("\n"),
  });
});

test("a role that cannot start says why: no file, another role's file", async () => {
  const [worker, swapped] = await Promise.all([
    runVc(["worker"], { cwd: folder }),
    runVc(["worker", join(FIXTURES, "seed-master.yaml")]),
  ]);
  expect(worker.code).toBe(2);
  expect(worker.stderr).toContain(
    "worker.master_url: is missing: say where the master is, with --master URL",
  );
  expect(swapped.code).toBe(2);
  expect(swapped.stderr).toContain("this is the file of a master");
});

test("token show: the configured token, or the one that the master has made", async () => {
  mkdirSync(join(folder, "films"), { recursive: true });
  writeFileSync(
    join(folder, "m.yaml"),
    "scanner: {root_path: films, output_base: out}\nserver: {host: storage, port: 9}\n",
  );
  const show = (args: string[], env = {}) => runVc(["token", "show", ...args], { cwd: folder, env });
  expect(await show(["m.yaml"])).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(
      /^vc: there is no token yet: the master makes \S+\/jobs\.db\.token at its first start/,
    ),
  });
  writeFileSync(join(folder, "jobs.db.token"), "made\n");
  const line = (token: string) => `VC_TOKEN=${token} vc worker --master http://storage:9`;
  const joined = (token: string) =>
    `vc join ${formatJoinLine({ urls: ["http://storage:9"], token, tls_fingerprint: null, worker_id: null })}`;
  expect((await show(["--config", "m.yaml"])).stdout).toBe(
    [
      "made\n",
      "On a worker, once (the line holds the token; `vc join` alone asks for it):",
      `  ${joined("made")}`,
      "or, without a configuration file:",
      `  ${line("made")}\n`,
    ].join("\n"),
  );
  const configured = await show(["m.yaml", "--json"], { VC_TOKEN: "set" });
  expect(JSON.parse(configured.stdout)).toEqual({
    token: "set",
    join_command: joined("set"),
    worker_command: line("set"),
    tls_fingerprint: null,
  });
  const free = await show(["m.yaml", "--server.port", "0"]);
  expect(free.stdout).toContain("there is no line for `vc join`, as server.port is 0");
  const early = await show(["m.yaml", "--server.tls_self_signed", "true"]);
  expect([early.code, early.stderr]).toEqual([
    1,
    expect.stringMatching(/^vc: there is no certificate yet: the master makes \S+jobs\.db\.tls\.pem/),
  ]);
});

test("a master ends at SIGTERM, and frees its database for the next one", async () => {
  mkdirSync(join(folder, "films"), { recursive: true });
  mkdirSync(join(folder, "results"), { recursive: true });
  const args = ["master", "--root", "films", "--out", "results", "--port", "0", "--host", "127.0.0.1"];
  for (let start = 1; start <= 2; start++) {
    const child = startVc(args, { cwd: folder });
    let log = "";
    let told = false;
    for await (const chunk of child.stdout) {
      log += new TextDecoder().decode(chunk);
      // A second signal would end it at once.
      if (!told && log.includes("master started")) child.kill("SIGTERM");
      told ||= log.includes("master started");
    }
    expect([await child.exited, await child.stderr.text()]).toEqual([0, ""]);
    expect(log).toContain("stopping");
  }
}, 300_000);

test("a worker without a master ends at SIGTERM", async () => {
  const child = startVc(["worker", "--master", closed, "--log-level", "debug"], { cwd: folder });
  const reader = child.stdout.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toContain("worker starts");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  reader.releaseLock();
}, 300_000);
