import type { Database as Sqlite } from "bun:sqlite";
import { setPriority } from "node:os";
import * as v from "valibot";
import { ERRORS, type ErrorCode, VcError } from "../shared/errors.ts";
import { selfCommand } from "../shared/platform.ts";
import { type Backup, makeBackup } from "./backups.ts";
import { faultOf } from "./check.ts";
import { openFile } from "./database.ts";
import { isMiscounted } from "./recount.ts";

/** What takes long on a large database, done by a child process (`vc __database`) while this one goes on serving. */
type Task =
  | { task: "check"; path: string }
  | { task: "backup"; path: string; folder: string; keep: number; now: string };

/** Nobody waits for a backup, and everybody for a check. */
const LOWEST_PRIORITY = 19;

const Answer = v.union([
  v.object({ fault: v.nullable(v.string()), miscounted: v.boolean() }),
  v.object({ backup: v.object({ path: v.string(), at: v.string() }) }),
  v.object({ error: v.picklist(Object.keys(ERRORS) as ErrorCode[]), message: v.string() }),
]);
type Answer = v.InferOutput<typeof Answer>;

/** What is wrong with a database as a whole, and whether its totals are not those of its jobs. */
export type Checked = { fault: string | null; miscounted: boolean };

export function check(sqlite: Sqlite): Checked {
  const fault = faultOf(sqlite);
  return { fault, miscounted: fault === null && isMiscounted(sqlite) };
}

/** As `check`. `signal` ends it early, as a failure. */
export async function checkInChild(path: string, signal?: AbortSignal): Promise<Checked> {
  const answer = await ask({ task: "check", path }, signal);
  if ("fault" in answer) return answer;
  throw unexpected(answer);
}

/** As `makeBackup`. */
export async function backUpInChild(
  of: Parameters<typeof makeBackup>[0],
  signal?: AbortSignal,
): Promise<Backup> {
  const answer = await ask({ ...of, task: "backup", now: of.now.toISOString() }, signal);
  if ("backup" in answer) return answer.backup;
  throw unexpected(answer);
}

/** The child's side: does the task that the command line holds, and prints what came of it. */
export async function runInChild(text: string): Promise<void> {
  console.log(JSON.stringify(await perform(JSON.parse(text) as Task)));
}

async function perform(task: Task): Promise<Answer> {
  try {
    if (task.task === "backup") {
      setPriority(LOWEST_PRIORITY);
      return { backup: await makeBackup({ ...task, now: new Date(task.now) }) };
    }
    const sqlite = openFile(task.path);
    try {
      return check(sqlite);
    } finally {
      sqlite.close();
    }
  } catch (error) {
    if (error instanceof VcError) return { error: error.code, message: error.message };
    throw error;
  }
}

async function ask(task: Task, signal?: AbortSignal): Promise<Answer> {
  const child = Bun.spawn([...selfCommand(), "__database", JSON.stringify(task)], {
    // It ends with this process.
    env: { ...process.env, BUN_OPTIONS: "--no-orphans" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    windowsHide: true,
    ...(signal === undefined ? {} : { signal }),
  });
  const [said, trouble] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const answer = v.safeParse(Answer, parsed(said));
  if (!answer.success) {
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new VcError(
      "storage",
      `The ${task.task} of the database ${task.path} ended with ${how}: ${trouble.trim()}`,
    );
  }
  if ("error" in answer.output) throw new VcError(answer.output.error, answer.output.message);
  return answer.output;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unexpected(answer: Answer): Error {
  return new Error(`a child process answered ${JSON.stringify(answer)}`);
}
