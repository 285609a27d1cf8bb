import { join } from "node:path";

export const MAIN = join(import.meta.dir, "..", "..", "..", "src", "main.ts");

/** What a run of `vc` from its sources left: its exit code and all it wrote. */
export async function runVc(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const child = startVc(args, options);
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** Without the variables of the machine that the tests run on. */
export function startVc(
  args: string[],
  options: { cwd?: string; env?: Record<string, string>; stdin?: Blob } = {},
) {
  const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
  return Bun.spawn([process.execPath, MAIN, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { PATH, HOME, TMPDIR, ...options.env },
    stdin: options.stdin ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}
