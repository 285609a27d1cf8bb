import { rm } from "node:fs/promises";

/** Why no named pipes can be had here, or null. */
export const noPipes: string | null = process.platform === "win32" ? "needs named pipes" : null;

/** Makes a named pipe, and resolves with its path: whoever opens it waits for ever, as on a mount whose server is gone. */
export async function pipeAt(path: string): Promise<string> {
  await rm(path, { force: true });
  if ((await Bun.spawn(["mkfifo", path]).exited) !== 0) throw new Error(`no pipe could be made at ${path}`);
  return path;
}
