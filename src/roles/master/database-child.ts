import { setPriority } from "node:os";
import { runInChild } from "../../db/child.ts";

/** What nobody waits for is done when the machine has nothing better to do. */
const LOWEST_PRIORITY = 19;

/** `vc __database TASK`: the child process in which a master checks or backs up its database. */
export async function runDatabaseChild(argv: string[]): Promise<number> {
  setPriority(LOWEST_PRIORITY);
  await runInChild(argv[1] ?? "");
  return 0;
}
