import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../../src/roles/master/certificate.ts";
import { withCertificate } from "../../../src/roles/master/own-certificate.ts";
import { readCertificateFile } from "../../../src/shared/certificate-file.ts";
import type { MasterConfig } from "../../../src/shared/config.ts";
import { loadMasterConfig } from "../../../src/shared/config-file.ts";
import { logLines } from "../../support/log-lines.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vc-own-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, "state", "jobs.db.tls.pem");

function start(
  more: Record<string, string> = {},
  now_ms = Date.now(),
): { config: MasterConfig; log: string } {
  const flags = {
    ...{ "scanner.root_path": "/films", "scanner.output_base": "/out", "server.tls_self_signed": "true" },
    "database.path": join(folder, "state", "jobs.db"),
    ...more,
  };
  const lines = logLines();
  const config = withCertificate(loadMasterConfig({ path: null, implicit: false, flags, env: {} }), {
    log: lines.log,
    now_ms,
  });
  return { config, log: lines.lines.join("\n") };
}

test("a certificate is made at the first start, for the master's user alone, and then kept", () => {
  const first = start();
  expect(first.config.server).toMatchObject({ tls_cert: path(), tls_key: path() });
  const text = readFileSync(path(), "utf8");
  expect(first.log).toContain("made a certificate");
  expect(first.log).not.toContain(text.split("\n")[1] ?? "");
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, "state"))).toEqual(["jobs.db.tls.pem"]);
  expect(start().log).toBe("");
  expect(readFileSync(path(), "utf8")).toBe(text);
});

test("without the key nothing is made", () => {
  expect(start({ "server.tls_self_signed": "false" }).config.server.tls_cert).toBeNull();
  expect(existsSync(join(folder, "state"))).toBe(false);
});

test.each([
  [50, /expires in 50 days; delete it/],
  [-10, /has expired: workers refuse it; delete it/],
])("%d days before its end people are told, and it stays", (days, sentence) => {
  start();
  const text = readFileSync(path(), "utf8");
  const end_ms = readCertificateFile(path()).valid_to_ms;
  expect(start({}, end_ms - days * 86_400_000 - 1).log).toMatch(sentence);
  expect(start({}, end_ms - 61 * 86_400_000 - 1).log).toBe("");
  expect(readFileSync(path(), "utf8")).toBe(text);
});

test.each([
  ["no certificate at all", () => "nothing"],
  ["half a file", (text: string) => text.slice(0, 500)],
  [
    "another one's key",
    (text: string) => {
      const other = makeCertificate({ names: ["a"], common_name: "a", now_ms: Date.now() });
      return other.slice(0, other.indexOf("-----BEGIN CERT")) + text.slice(text.indexOf("-----BEGIN CERT"));
    },
  ],
])("a kept file that holds %s stops the start and is left as it is", (_, change) => {
  start();
  const changed = change(readFileSync(path(), "utf8"));
  writeFileSync(path(), changed);
  expect(() => start()).toThrow(/cannot be used: .*; put it back from a backup, or delete it/);
  expect(readFileSync(path(), "utf8")).toBe(changed);
});

test("a kept file that cannot be read is told, and not to be deleted", () => {
  mkdirSync(path(), { recursive: true });
  expect(() => start()).toThrow(
    /cannot read the certificate .*; let the user that the master runs as read it/,
  );
});

test("a folder that cannot be made is told", () => {
  writeFileSync(join(folder, "state"), "");
  expect(() => start()).toThrow(/cannot keep a certificate in .*jobs\.db\.tls\.pem/);
});
