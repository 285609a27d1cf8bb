import { closeSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

/** The compiled executable: the copy that the tests' runner made for this run, or what was built last. */
export const VC =
  process.env.VC_TEST_PROGRAM ?? join(ROOT, "dist", process.platform === "win32" ? "vc.exe" : "vc");

export type Running = {
  name: string;
  pid: number;
  /** Everything that it wrote so far, standard output and error together. */
  log(): string;
  kill(signal: "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGSTOP"): void;
  /** The exit code, or null after a signal. */
  ended: Promise<number | null>;
  alive(): boolean;
  /** It ended with a failure that no test has caused. */
  crashed(): boolean;
};

/** Starts a program whose output goes to the file `log_path`. */
export function start(of: {
  name: string;
  cmd: string[];
  cwd: string;
  env: Record<string, string>;
  log_path: string;
}): Running {
  const log = openSync(of.log_path, "a");
  const child = Bun.spawn({
    cmd: of.cmd,
    cwd: of.cwd,
    env: of.env,
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  closeSync(log);
  let killed = false;
  return {
    name: of.name,
    pid: child.pid,
    log: () => readFileSync(of.log_path, "utf8"),
    kill(signal) {
      killed = true;
      child.kill(signal);
    },
    ended: child.exited.then(() => child.exitCode),
    alive: () => child.exitCode === null && child.signalCode === null,
    crashed: () => !killed && (child.signalCode !== null || (child.exitCode ?? 0) !== 0),
  };
}

export type Ended = { exit: number | null; stdout: string; stderr: string };

/** Runs a program to its end. */
export async function run(of: { cmd: string[]; cwd: string; env: Record<string, string> }): Promise<Ended> {
  const child = Bun.spawn({ ...of, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exit: child.exitCode, stdout, stderr };
}

export type Found = { pid: number; parent: number; program: string; argv: string[] };

/** The living processes that have `text` in their program's path or an argument, from /proc: without one (not Linux) an empty list. */
export async function processesWith(text: string): Promise<Found[]> {
  const names = await readdir("/proc").catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        const status = readFileSync(`/proc/${name}/status`, "utf8");
        const alive = !/^State:\s+Z/m.test(status);
        const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
        const found = { pid: Number(name), parent, program: readlinkSync(`/proc/${name}/exe`), argv };
        return alive &&
          found.pid !== process.pid &&
          [found.program, ...argv].some((part) => part.includes(text))
          ? [found]
          : [];
      } catch {
        // It ended while it was looked at.
        return [];
      }
    });
}
