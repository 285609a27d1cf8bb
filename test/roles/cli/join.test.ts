import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Master } from "../../../src/roles/master/index.ts";
import { readCertificateFile } from "../../../src/shared/certificate-file.ts";
import { loadWorkerConfig } from "../../../src/shared/config-file.ts";
import { parseFingerprint } from "../../../src/shared/fingerprint.ts";
import { formatJoinLine, type Invitation } from "../../../src/shared/join-line.ts";
import { testOr } from "../../support/test-or.ts";
import { startRealMaster } from "./real-master.ts";
import { MAIN, runVc, startVc } from "./run-vc.ts";

/** `vc join` as a process, against a real master with a certificate that it made itself. */

let folder = "";
let cwd = "";
let master: Master;
let invitation: Invitation;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vc-join-"));
  master = await startRealMaster(folder, { "server.tls_self_signed": "true" });
  const { port } = new URL(master.url);
  invitation = {
    urls: [`https://127.0.0.1:${port}`],
    token: "t0ken",
    tls_fingerprint: readCertificateFile(join(folder, "jobs.db.tls.pem")).fingerprint,
    worker_id: null,
  };
});
afterAll(async () => {
  await master.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  cwd = mkdtempSync(join(folder, "worker-"));
});

const vcJoin = (more: Partial<Invitation>, ...args: string[]) =>
  runVc(["join", formatJoinLine({ ...invitation, ...more }), ...args], { cwd });
const workerConfig = (path: string) => loadWorkerConfig({ path: join(cwd, path), flags: {}, env: {} }).worker;

test("a line becomes a worker's configuration, for its owner alone", async () => {
  const [url = ""] = invitation.urls;
  const joined = await vcJoin({});
  expect(joined).toEqual({
    code: 0,
    stdout: `joined the master at ${url} as ${hostname()}; config.yaml says so. Start the worker with:\n  vc worker --config config.yaml\n`,
    stderr: "",
  });
  expect(statSync(join(cwd, "config.yaml")).mode & 0o777).toBe(0o600);
  expect(readdirSync(cwd)).toEqual(["config.yaml"]);
  const { id, master_url, token, tls_fingerprint, tls_ca } = workerConfig("config.yaml");
  expect({ id, master_url, token, tls_fingerprint, tls_ca }).toEqual({
    ...{ id: null, master_url: url, token: "t0ken", tls_ca: null },
    tls_fingerprint: invitation.tls_fingerprint,
  });
}, 300_000);

test("the first address at which the master answers is kept", async () => {
  const [url = ""] = invitation.urls;
  const urls = ["https://no.invalid:1", url.replace("127.0.0.1", "localhost"), url];
  expect(await vcJoin({ urls })).toMatchObject({ code: 0, stderr: "" });
  expect(workerConfig("config.yaml").master_url).toBe(urls[1] ?? "");
}, 300_000);

test("a line for one worker names it, and another name is refused", async () => {
  const { port } = new URL(master.url);
  const env = { VC_TOKEN: "t0ken", VC_TLS_FINGERPRINT: invitation.tls_fingerprint ?? "" };
  const add = ["token", "add", "küche 1", "--json", "--master", `https://127.0.0.1:${port}`];
  const made = await runVc(add, { cwd, env });
  expect(made.stderr).toBe("");
  const { token } = JSON.parse(made.stdout);
  const own = { token, worker_id: "küche 1" };
  const other = await vcJoin(own, "--id", "bad");
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('for the worker "küche 1" alone')]);
  expect((await vcJoin(own, "--config", "w 1.yaml")).stdout).toContain("vc worker --config 'w 1.yaml'");
  expect(workerConfig("w 1.yaml")).toMatchObject({ id: "küche 1", token });
  const revoked = await runVc(["token", "revoke", "küche 1", ...add.slice(4)], { cwd, env });
  expect(revoked).toMatchObject({ code: 0 });
  const late = await vcJoin(own);
  expect([late.code, late.stderr]).toEqual([1, expect.stringContaining("does not take the line's token")]);
  expect(readdirSync(cwd)).toEqual(["w 1.yaml"]);
}, 300_000);

test("a file that is there is left as it is, unless --force says otherwise", async () => {
  writeFileSync(join(cwd, "config.yaml"), "mine", { mode: 0o644 });
  symlinkSync("nowhere", join(cwd, "link.yaml"));
  for (const path of ["config.yaml", "link.yaml"]) {
    const { code, stderr } = await vcJoin({}, "--config", path);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${path} is there already`)]);
  }
  expect(readFileSync(join(cwd, "config.yaml"), "utf8")).toBe("mine");
  expect((await vcJoin({}, "--force", "--id", "w9")).code).toBe(0);
  expect(workerConfig("config.yaml").id).toBe("w9");
  expect(statSync(join(cwd, "config.yaml")).mode & 0o777).toBe(0o600);
  expect(readdirSync(cwd).toSorted()).toEqual(["config.yaml", "link.yaml"]);
}, 300_000);

test.each<[string, () => Partial<Invitation>, string[], number, string]>([
  ["a wrong token", () => ({ token: "wrong" }), [], 1, "does not take the line's token"],
  [
    "another certificate",
    () => ({ tls_fingerprint: parseFingerprint("00".repeat(32)) }),
    [],
    1,
    "is not the pinned one, and nothing was sent to it",
  ],
  ["nobody there", () => ({ urls: ["https://127.0.0.1:1"] }), [], 1, "connection refused"],
  [
    "a folder that is not there",
    () => ({}),
    ["--config", "no/w.yaml"],
    1,
    "cannot write no/w.yaml: no such file",
  ],
  ["an address that is none", () => ({}), ["--master", "nas"], 2, '--master: found "nas"; allowed'],
  ["a second way to trust", () => ({}), ["--tls-ca", "x.pem"], 2, "the line pins the master's certificate"],
])(
  "nothing is written with %s",
  async (_, more, args, code, sentence) => {
    const refused = await vcJoin(more(), ...args);
    expect([refused.code, refused.stdout]).toEqual([code, ""]);
    expect(refused.stderr).toContain(sentence);
    expect(readdirSync(cwd)).toEqual([]);
  },
  300_000,
);

test("--master says where the master is, if not where the line says", async () => {
  const [url = ""] = invitation.urls;
  expect((await vcJoin({ urls: ["https://127.0.0.1:1"] }, "--master", url)).code).toBe(0);
  expect(workerConfig("config.yaml").master_url).toBe(url);
}, 300_000);

test("- reads the line from standard input; without a terminal it is asked for in vain", async () => {
  const child = startVc(["join", "-"], { cwd, stdin: new Blob([`vc join ${formatJoinLine(invitation)}\n`]) });
  expect(await child.exited).toBe(0);
  expect(workerConfig("config.yaml").token).toBe("t0ken");
  const none = await runVc(["join", "--config", "b.yaml"], { cwd });
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("LINE is missing")]);
  const bad = await runVc(["join", "vc1_no", "--config", "b.yaml"], { cwd });
  expect([bad.code, bad.stderr]).toEqual([
    2,
    "vc: the line for `vc join` is not as it was printed: copy the whole of it once more\n",
  ]);
}, 300_000);

const linux =
  process.platform === "linux" && Bun.which("script") !== null ? null : "needs script(1) of Linux";

testOr(linux, "on a terminal the line is asked for", async () => {
  const command = `'${process.execPath}' '${MAIN}' join --id asked`;
  const child = Bun.spawn(["script", "-qec", command, "/dev/null"], {
    cwd,
    stdin: new Blob([`${formatJoinLine(invitation)}\n`]),
    stdout: "pipe",
    stderr: "ignore",
  });
  const [shown, code] = await Promise.all([child.stdout.text(), child.exited]);
  expect(shown).toContain("The line that `vc token show` prints on the master's machine: ");
  expect([code, workerConfig("config.yaml").id]).toEqual([0, "asked"]);
});
