import { chmod, copyFile, link, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "../build.ts";
import { ensureNewerFfmpeg } from "./newer-ffmpeg.ts";
import { joinReports, readReport, summarize, type TestReport } from "./test-report.ts";

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
    const of = { temporary, program, no_newer, full: args.includes("--full") };
    // Much of a test is waiting, for other processes and for time to pass: beside it there is room for others.
    const quick = [MEDIA_TESTS, await otherTests()];
    const groups = rest.length > 0 ? [rest] : fast ? quick : [...(await slowTests()), ...quick];
    const ends = await Promise.all(groups.map((group, n) => runTests({ ...of, args: group, group: n })));
    const { lines, passed } = summarize(
      joinReports(ends.map(({ report }) => report)),
      ends.every(({ status }) => status === 0) ? 0 : 1,
    );
    for (const line of lines) console.log(line);
    return passed ? 0 : 1;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What starts the executable, or simulates for long. */
const SLOW_TESTS = ["./test/e2e", "./test/sim"];

/** In two parts, as the tests of the executable wait the most. */
async function slowTests(): Promise<string[][]> {
  const files = (await readdir("test/e2e")).filter((name) => name.endsWith(".test.ts")).sort();
  const [odd, even] = [1, 0].map((half) =>
    files.filter((_, n) => n % 2 === half).map((name) => `./test/e2e/${name}`),
  );
  return [["./test/sim", ...(odd ?? [])], even ?? []];
}

/** What converts films in the tests' own process. */
const MEDIA_TESTS = ["./test/ffmpeg", "./test/fidelity", "./test/damage"];

/** All other folders and files of test/. */
async function otherTests(): Promise<string[]> {
  const names = (await readdir("test")).map((name) => `./test/${name}`);
  const others = [...SLOW_TESTS, ...MEDIA_TESTS, "./test/support", "./test/fixtures"];
  return names.filter((path) => !others.includes(path));
}

/** The first group is shown as it runs, another one when it is over. */
async function runTests(of: {
  group: number;
  temporary: string;
  program: string | null;
  no_newer: string | null;
  full: boolean;
  args: string[];
}): Promise<{ status: number | null; report: TestReport | null }> {
  const junit = join(of.temporary, `junit.${of.group}.xml`);
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      "test",
      "--no-orphans",
      "--timeout=60000",
      "--reporter=junit",
      `--reporter-outfile=${junit}`,
      ...of.args,
    ],
    env: {
      ...withoutOurs(process.env),
      ...temporaryFolder(of.temporary),
      ...(of.program === null ? {} : { VC_TEST_PROGRAM: of.program }),
      ...(of.no_newer === null ? {} : { VC_TEST_NO_NEWER_FFMPEG: of.no_newer }),
      ...(of.full ? { VC_TEST_FULL: "1" } : {}),
    },
    stdio: of.group === 0 ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
  });
  const stop = () => child.kill("SIGTERM");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const said = [child.stdout, child.stderr].map((stream) => (stream ? new Response(stream).text() : ""));
  await child.exited;
  for (const text of await Promise.all(said)) process.stdout.write(text);
  return { status: child.exitCode, report: readReport(await readFile(junit, "utf8").catch(() => "")) };
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
