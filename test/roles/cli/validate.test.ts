import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runVc } from "./run-vc.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vc-validate-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function validate(content: string, ...args: string[]) {
  writeFileSync(join(folder, "c.yaml"), content);
  return runVc(["validate", "c.yaml", ...args], { cwd: folder });
}

const NEEDS =
  "a master's needs scanner.root_path and scanner.output_base, a worker's worker.master_url; or say --role master or --role worker";
const CANNOT = "the configuration file c.yaml cannot be used:\n";
const MASTER = "scanner:\n  root_path: /films\n  output_base: /out\n";

test.each<[string, string, string[], string]>([
  ["an empty file", "", [], `the configuration file c.yaml holds nothing: ${NEEDS}`],
  [
    "a file that could be both",
    "logging: {level: info}\n",
    [],
    `the configuration file c.yaml does not tell whose it is: ${NEEDS}`,
  ],
  [
    "one stray section in a master's file",
    `${MASTER}vulkan: {enable_validation: true}\n`,
    [],
    `${CANNOT}  c.yaml:4:1: vulkan: unknown section; it belongs to the file of a worker`,
  ],
  [
    "one stray key in a master's file",
    `${MASTER}storage: {mount_path: /mnt}\n`,
    [],
    `${CANNOT}  c.yaml:4:11: storage.mount_path: unknown key; it belongs to the file of a worker`,
  ],
  [
    "a misspelt section",
    "wroker: {master_url: 'http://m:1'}\n",
    [],
    `${CANNOT}  c.yaml:1:1: wroker: unknown section; did you mean worker?`,
  ],
  [
    "an empty file of a master",
    "",
    ["--role", "master"],
    `${CANNOT}  scanner.root_path: is missing; allowed: a path\n  scanner.output_base: is missing; allowed: a path`,
  ],
  ["another role", "", ["--role", "boss"], '--role: found "boss"; allowed: master or worker'],
  [
    "what is not YAML",
    "a: [\n",
    [],
    `${CANNOT}  c.yaml:2:1: cannot be read as YAML: Flow sequence in block collection must be sufficiently indented and end with a ]`,
  ],
])("%s is told", async (_, content, args, message) => {
  expect(await validate(content, ...args)).toEqual({ code: 2, stdout: "", stderr: `vc: ${message}\n` });
});

test("--json tells the mistakes as JSON, too, each with its place", async () => {
  const bad = await validate("worker:\n  concurency: 3\n  master_url: http://m:1\n", "--json");
  expect(bad).toMatchObject({ code: 2, stderr: "" });
  expect(JSON.parse(bad.stdout)).toEqual({
    valid: false,
    role: "worker",
    problems: [
      { line: 2, column: 3, text: "worker.concurency: unknown key; did you mean worker.concurrency?" },
    ],
  });
  const empty = await validate("", "--json");
  expect(empty).toMatchObject({ code: 2, stderr: "" });
  expect(JSON.parse(empty.stdout)).toEqual({
    valid: false,
    role: null,
    problems: [{ line: null, column: null, text: `the configuration file c.yaml holds nothing: ${NEEDS}` }],
  });
});

test("a token that can be guessed is noted, one that cannot is not", async () => {
  const noted = await validate(`${MASTER}server:\n  token: s3cret\n`);
  expect(noted.code).toBe(0);
  expect(noted.stdout).toContain("server.token has 6 characters and can be found by trying");
  const long = await validate(`${MASTER}server:\n  token: 0123456789abcdef\n`);
  expect(long.stdout).not.toContain("token");
});

test.each<[string, string, string[], string | null]>([
  ["not told by what is no YAML", "a: [\n", [], null],
  ["told by the part before it stops to be YAML", "scanner:\n  root_path: /f\nserver: [\n", [], "master"],
  ["told by --role", "a: [\n", ["--role", "worker"], "worker"],
  ["told by most of the keys", `${MASTER}storage: {mount_path: /mnt}\n`, [], "master"],
])("the role in --json is %s", async (_, content, args, role) => {
  const { code, stdout } = await validate(content, "--json", ...args);
  expect({ code, told: JSON.parse(stdout) }).toMatchObject({ code: 2, told: { valid: false, role } });
});

test("--json tells a codec that the container cannot hold, also beside other mistakes", async () => {
  const pair = (more: string) => `${MASTER}conversion:\n  codec: ffv1\n  container: mp4\n${more}`;
  for (const more of ["", "  quality: 99\n"]) {
    const { code, stdout } = await validate(pair(more), "--json");
    const { problems } = JSON.parse(stdout) as { problems: { line: number; text: string }[] };
    expect(code).toBe(2);
    expect(problems).toHaveLength(more === "" ? 1 : 2);
    expect(problems[0]).toMatchObject({ line: 5, text: expect.stringContaining("which mp4 cannot hold") });
  }
});

test("a token file that is not on this machine is noted; one that holds no token is a mistake", async () => {
  const file = "worker:\n  master_url: http://m:1\n  token_file: ./token\n";
  const path = join(folder, "token");
  const absent = await validate(file);
  expect(absent).toEqual({
    code: 0,
    stderr: "",
    stdout: `c.yaml: a worker's configuration without mistakes\n  worker.token_file: cannot read the token file ${path}: no such file or directory; a worker would not start here\n`,
  });
  const started = await runVc(["worker", "c.yaml"], { cwd: folder });
  expect(started.code).toBe(2);
  expect(started.stderr).toContain(`c.yaml:3:15: worker.token_file: cannot read the token file ${path}`);
  writeFileSync(path, "two words\n");
  expect((await validate(file)).code).toBe(2);
  writeFileSync(path, "t0ken\n");
  expect((await validate(file)).stdout).toBe("c.yaml: a worker's configuration without mistakes\n");
});

test("the example files are right on a machine that has nothing of them", async () => {
  const deploy = join(import.meta.dir, "..", "..", "..", "deploy");
  for (const role of ["master", "worker"]) {
    const { code, stdout } = await runVc(["validate", join(deploy, `${role}.yaml`)], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain(`a ${role}'s configuration without mistakes`);
  }
});

test("the file may be named by --config, too, and is ./config.yaml where it is not named", async () => {
  writeFileSync(join(folder, "m.yaml"), MASTER);
  writeFileSync(join(folder, "config.yaml"), MASTER);
  const said = (file: string) => `${file}: a master's configuration without mistakes\n`;
  const named = await runVc(["validate", "--config", "m.yaml"], { cwd: folder });
  expect(named).toMatchObject({ code: 0, stdout: said("m.yaml") });
  expect(await runVc(["validate"], { cwd: folder })).toMatchObject({ code: 0, stdout: said("config.yaml") });
  const twice = await runVc(["validate", "m.yaml", "--config", "config.yaml"], { cwd: folder });
  expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining("is named twice")]);
});
