import { runInChild } from "../../db/child.ts";

/** `vc __database TASK`: the child process in which a master checks or backs up its database. */
export async function runDatabaseChild(argv: string[]): Promise<number> {
  await runInChild(argv[1] ?? "");
  return 0;
}
