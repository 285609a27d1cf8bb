import { ERRORS, VcError } from "./shared/errors.ts";
import { version } from "./shared/version.ts";

/**
 * The entry of the executable. Everything but the version is imported when it is needed: `vc --version` and the
 * many short-lived children must start fast.
 */
async function main(argv: string[]): Promise<number> {
  const [first] = argv;
  if (first === "--version" || first === "-v" || first === "version") {
    console.log(version);
    return 0;
  }
  if (first === "__job") return (await import("./roles/worker/job.ts")).runJob();
  if (first === "__mount") return (await import("./roles/worker/mount-child.ts")).runMountChild();
  if (first === "__probe") return (await import("./roles/cli/probe.ts")).runProbe();
  if (first === "__database")
    return (await import("./roles/master/database-child.ts")).runDatabaseChild(argv);
  return (await import("./roles/cli/program.ts")).runProgram(argv);
}

/** The one place where an error becomes an exit code: 1 failed, 2 wrong use. */
function exitCodeOf(error: unknown): number {
  if (error instanceof VcError) {
    console.error(`vc: ${error.message}`);
    return ERRORS[error.code].exit;
  }
  console.error(error);
  return 1;
}

process.exitCode = await main(process.argv.slice(2)).catch(exitCodeOf);
// What is written is out by then; nothing that was forgotten open may keep the process alive.
setTimeout(() => process.exit(), 2000).unref();
