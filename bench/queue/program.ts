import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** A program that answers each line with one line. */
export type Program = { ask<T>(round: object): Promise<T>; stop(): Promise<void> };

/** Starts it. A question is rejected when the program ends instead of answering. */
export function startProgram(cmd: string[], cwd: string): Program {
  const child = Bun.spawn({ cmd, cwd, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const lines = createInterface({ input: Readable.fromWeb(child.stdout as never) })[Symbol.asyncIterator]();
  return {
    async ask<T>(round: object) {
      child.stdin.write(`${JSON.stringify(round)}\n`);
      await child.stdin.flush();
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${cmd.join(" ")} has ended`);
      return JSON.parse(value) as T;
    },
    async stop() {
      await child.stdin.end();
      await child.exited;
    },
  };
}
