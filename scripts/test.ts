import { chmod, copyFile, link, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "../build.ts";
import { ensureNewerFfmpeg } from "./newer-ffmpeg.ts";
import { readReport, summarize } from "./test-report.ts";

/**
 * Runs the tests and says at the end what was skipped and why, then `N passed, N failed`.
 * `--fast` leaves out what needs the compiled executable or takes long, `--full` adds the long trials;
 * anything else is handed to `bun test` (parts of file names, -t NAME).
 */
async function main(args: string[]): Promise<number> {
  const rest = args.filter((arg) => arg !== "--fast" && arg !== "--full");
  const fast = args.includes("--fast");
  const built = fast ? null : await build(null);
  // Fast tests use it only where it is already.
  const no_newer = fast ? null : await ensureNewerFfmpeg(300_000);
  if (no_newer !== null) console.error(`${no_newer}; tests that need it are skipped`);
  const temporary = await mkdtemp(join(tmpdir(), "vc-test-"));
  // Some tests start workers under another user id, which must get in.
  await chmod(temporary, 0o711);
  try {
    // A build in the meantime must not take the program away from the tests.
    const program = built === null ? null : join(temporary, basename(built));
    if (built !== null && program !== null) await link(built, program).catch(() => copyFile(built, program));
    const junit = join(temporary, "junit.xml");
    const status = await runTests({
      junit,
      temporary,
      program,
      no_newer,
      full: args.includes("--full"),
      args: [...rest, ...(fast ? await fastTests() : [])],
    });
    const report = readReport(await readFile(junit, "utf8").catch(() => ""));
    const { lines, passed } = summarize(report, status);
    for (const line of lines) console.log(line);
    return passed ? 0 : 1;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** All folders and files of test/ but the ones that start the executable or simulate for long. */
async function fastTests(): Promise<string[]> {
  const slow = new Set(["e2e", "sim", "support", "fixtures"]);
  const names = await readdir("test");
  return names.filter((name) => !slow.has(name)).map((name) => `./test/${name}`);
}

async function runTests(of: {
  junit: string;
  temporary: string;
  program: string | null;
  no_newer: string | null;
  full: boolean;
  args: string[];
}): Promise<number | null> {
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      "test",
      "--no-orphans",
      "--timeout=60000",
      "--reporter=junit",
      `--reporter-outfile=${of.junit}`,
      ...of.args,
    ],
    env: {
      ...withoutOurs(process.env),
      ...temporaryFolder(of.temporary),
      ...(of.program === null ? {} : { VC_TEST_PROGRAM: of.program }),
      ...(of.no_newer === null ? {} : { VC_TEST_NO_NEWER_FFMPEG: of.no_newer }),
      ...(of.full ? { VC_TEST_FULL: "1" } : {}),
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const stop = () => child.kill("SIGTERM");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  await child.exited;
  return child.exitCode;
}

/** A person's own VC_... settings must not reach the tests. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("VC_")));
}

function temporaryFolder(path: string): Record<string, string> {
  return { TMPDIR: path, TEMP: path, TMP: path };
}

process.chdir(join(import.meta.dir, ".."));
process.exit(
  await main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message);
    console.log("0 passed, 1 failed");
    return 1;
  }),
);
