import { existsSync } from "node:fs";
import { chmod, copyFile, link, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "../build.ts";
import { ensureNewerFfmpeg } from "./newer-ffmpeg.ts";
import { groupTests } from "./test-groups.ts";
import { type GroupEnd, readReport, summarize } from "./test-report.ts";

/**
 * Runs the tests and says at the end what failed, what was skipped and why, then `N passed, N failed`.
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
    const known_trials = fast && rest.length > 0 ? null : await knowTrials(temporary, program);
    const of = { temporary, program, no_newer, known_trials, full: args.includes("--full") };
    const groups = rest.length > 0 ? [rest] : groupTests(testFiles(fast));
    const { lines, passed } = summarize(await runAll(groups, of));
    for (const line of lines) console.log(line);
    return passed ? 0 : 1;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What this machine's own ffmpeg can do on the CPU is found out once, and not by each worker of a test. */
async function knowTrials(temporary: string, program: string | null): Promise<string | null> {
  const vc = program === null ? [process.execPath, "src/main.ts"] : [program];
  const home = join(temporary, "known");
  const places = { XDG_CACHE_HOME: home, ...temporaryFolder(temporary) };
  const env = { ...withoutOurs(process.env), ...places, VK_DRIVER_FILES: join(home, "none") };
  await Bun.spawn({ cmd: [...vc, "detect", "--json"], env, stdio: ["ignore", "ignore", "ignore"] }).exited;
  const known = join(home, "vc", "capabilities.json");
  return existsSync(known) ? known : null;
}

function testFiles(fast: boolean): string[] {
  // What starts the executable, or simulates for long.
  const slow = /^test\/(e2e|sim)\//;
  const files = [...new Bun.Glob("test/**/*.test.ts").scanSync(".")].map((file) =>
    file.replaceAll("\\", "/"),
  );
  return files.filter((file) => !(fast && slow.test(file))).map((file) => `./${file}`);
}

/** Much of a test is waiting, for other processes and for time to pass: on two cores there is room for four. */
const LANES = 4;

type Run = {
  temporary: string;
  program: string | null;
  no_newer: string | null;
  known_trials: string | null;
  full: boolean;
};

/** Each lane takes the next group when it is free. */
async function runAll(groups: string[][], of: Run): Promise<GroupEnd[]> {
  const ends: GroupEnd[] = [];
  const waiting = [...groups.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      ends.push(await runTests({ ...of, group: next[0], args: next[1], alone: groups.length === 1 }));
  };
  process.once("SIGINT", () => waiting.splice(0)).once("SIGTERM", () => waiting.splice(0));
  await Promise.all(Array.from({ length: LANES }, lane));
  return ends;
}

/** A group that runs alone is shown as it runs, others when they are over. */
async function runTests(of: Run & { group: number; args: string[]; alone: boolean }): Promise<GroupEnd> {
  const junit = join(of.temporary, `junit.${of.group}.xml`);
  const started = performance.now();
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      "test",
      "--no-orphans",
      `--timeout=${TEST_LIMIT_MS}`,
      "--reporter=junit",
      `--reporter-outfile=${junit}`,
      ...of.args,
    ],
    env: {
      ...withoutOurs(process.env),
      ...temporaryFolder(of.temporary),
      ...(of.program === null ? {} : { VC_TEST_PROGRAM: of.program }),
      ...(of.no_newer === null ? {} : { VC_TEST_NO_NEWER_FFMPEG: of.no_newer }),
      ...(of.known_trials === null ? {} : { VC_TEST_KNOWN_TRIALS: of.known_trials }),
      ...(of.full ? { VC_TEST_FULL: "1" } : {}),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => child.kill("SIGTERM");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const overdue = setTimeout(() => child.kill("SIGKILL"), of.full ? 12 * GROUP_LIMIT_MS : GROUP_LIMIT_MS);
  const said: string[] = [];
  const read = [child.stdout, child.stderr].map((stream) => readInto(said, stream, of.alone));
  await child.exited;
  // A process that outlived its test may still hold the pipe.
  await Promise.race([Promise.all(read), Bun.sleep(5000)]);
  clearTimeout(overdue);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  const name = of.args.length > 1 ? `${of.args.length} files from ${of.args[0]} on` : (of.args[0] ?? "");
  const output = said.join("");
  if (!of.alone) process.stdout.write(output);
  console.log(`== ${name}: ${timesOf(child, performance.now() - started)}`);
  const report = readReport(await readFile(junit, "utf8").catch(() => ""));
  return { name, status: child.exitCode, signal: child.signalCode?.toString() ?? null, report, output };
}

/** For tests that give no limit of their own; the deadlines inside end sooner, and say what they waited for. */
const TEST_LIMIT_MS = 300_000;

/** No test's own limit covers what stops outside of tests. */
const GROUP_LIMIT_MS = 30 * 60_000;

async function readInto(said: string[], stream: ReadableStream<Uint8Array>, show: boolean): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    if (show) process.stdout.write(bytes);
    said.push(decoder.decode(bytes, { stream: true }));
  }
}

/** The processor's time covers the programs that the tests started and waited for. */
function timesOf(child: Bun.Subprocess, ms: number): string {
  const cpu = child.resourceUsage()?.cpuTime.total ?? 0n;
  return `${Math.round(ms / 1000)} s, ${Math.round(Number(cpu) / 1e6)} s of processor time`;
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
