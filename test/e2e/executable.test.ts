import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, TARGETS } from "../../build.ts";
import { run } from "../support/processes.ts";
import { siteTest } from "../support/site-test.ts";
import { ROOT } from "../support/sources.ts";
import { testOr, unlessFull } from "../support/test-or.ts";

const { version } = (await Bun.file(join(ROOT, "package.json")).json()) as { version: string };

test("a second build does nothing", async () => {
  const built = await build(null);
  const before = Bun.file(built).lastModified;
  expect(await build(null)).toBe(built);
  expect(Bun.file(built).lastModified).toBe(before);
});

siteTest(null, "it tells its version, and reads no settings of the folder it is started in", async (site) => {
  await writeFile(join(site.folder, ".env"), "VC_SERVER_PORT=nonsense\nVC_MASTER_URL=http://192.0.2.1\n");
  await writeFile(join(site.folder, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  await writeFile(join(site.folder, "evil.ts"), `await Bun.write("${join(site.folder, "evil")}", "ran");\n`);
  expect(await site.vc("--version")).toEqual({ exit: 0, stdout: `${version}\n`, stderr: "" });
  const status = await site.vc("status");
  expect(status.stderr).toContain(site.url);
  expect(status.stderr).not.toContain("192.0.2.1");
  expect(existsSync(join(site.folder, "evil"))).toBe(false);
});

testOr(unlessFull, "every system's executable can be built", async () => {
  for (const target of TARGETS) expect(existsSync(await build(target))).toBe(true);
});

const wine = Bun.which("wine");
testOr(
  wine === null ? "Wine is not installed" : null,
  "the Windows executable starts under Wine",
  async () => {
    const program = await build("windows-x64");
    const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", WINEDEBUG: "-all" };
    const ended = await run({ cmd: [wine ?? "", program, "--version"], cwd: ROOT, env });
    expect(ended.stdout.trim()).toBe(version);
  },
);
