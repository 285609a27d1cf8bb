import type { Subprocess } from "bun";
import { messageOf, systemCode } from "../../shared/errors.ts";
import { selfCommand } from "../../shared/platform.ts";
import { withoutTokens } from "../../shared/token.ts";
import { filesHere, type MountFiles } from "./mount-files.ts";

/** A disk of the network that sleeps takes some 10 s to wake up. */
const LIMIT_MS = 20_000;

export type MountChildOptions = { command?: string[]; limit_ms?: number };

type Call = { id: number; call: keyof MountFiles; given: string[] };
type Answer = { id: number; value?: unknown; error?: { message: string; code: string | undefined } };

/**
 * Lends files of a mount whose every use is made by a child process (`vc __mount`) and takes at most `limit_ms`: what
 * hangs does so there, and everything from then on is refused with ETIMEDOUT at once.
 */
export async function withMountChild<T>(
  use: (files: MountFiles) => Promise<T>,
  { command = [...selfCommand(), "__mount"], limit_ms = LIMIT_MS }: MountChildOptions = {},
): Promise<T> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let over: Error | null = null;
  let calls = 0;
  const endAll = (error: Error) => {
    over ??= error;
    for (const { reject } of waiting.values()) reject(over);
    waiting.clear();
  };
  const child = start(command, ({ id, value, error }) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) one?.resolve(value);
    else one?.reject(Object.assign(new Error(error.message), { code: error.code }));
  });
  void child.exited.then(() => endAll(new Error("the process that looks at the mount has ended")));

  const ask = async (call: keyof MountFiles, ...given: string[]): Promise<unknown> => {
    if (over !== null) throw over;
    const id = ++calls;
    const answer = Promise.withResolvers<unknown>();
    child.send({ id, call, given } satisfies Call);
    waiting.set(id, answer);
    const late = setTimeout(() => endAll(hangs(given[0] ?? "", limit_ms)), limit_ms);
    return answer.promise.finally(() => clearTimeout(late));
  };
  try {
    return await use({
      write: async (path, text) => void (await ask("write", path, text)),
      read: async (path) => String(await ask("read", path)),
      look: async (path) => (await ask("look", path)) as Awaited<ReturnType<MountFiles["look"]>>,
      remove: async (path) => void (await ask("remove", path)),
      room: async (folder) => (await ask("room", folder)) as Awaited<ReturnType<MountFiles["room"]>>,
    });
  } finally {
    // Not waited for: what hangs in the kernel may not end before its server is back.
    child.kill("SIGKILL");
    child.unref();
  }
}

/** `vc __mount`: does what it is asked for until its parent ends it, or is gone. */
export async function runMountChild(): Promise<number> {
  const gone = Promise.withResolvers<number>();
  process.on("disconnect", () => gone.resolve(0));
  process.on("message", async ({ id, call, given }: Call) => {
    const act = filesHere[call] as (...given: string[]) => Promise<unknown>;
    const answer: Answer = await act(...given).then(
      (value) => ({ id, value }),
      (error: unknown) => ({ id, error: { message: messageOf(error), code: systemCode(error) } }),
    );
    process.send?.(answer);
  });
  return gone.promise;
}

function start(command: string[], onAnswer: (answer: Answer) => void): Subprocess {
  return Bun.spawn(command, {
    env: { ...withoutTokens(process.env), BUN_OPTIONS: "--no-orphans" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    windowsHide: true,
    ipc: onAnswer,
  });
}

function hangs(path: string, limit_ms: number): Error {
  const message = `${path} did not answer within ${limit_ms / 1000} s: the mount hangs. Is its server alive?`;
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
