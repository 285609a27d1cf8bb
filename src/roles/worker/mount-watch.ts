import type { Logger } from "../../shared/log.ts";
import type { Warnings } from "./warnings.ts";
import type { Workspace } from "./workspace.ts";

/** Looks now and then whether a mount answers: its server may go at any time, and whoever reads it then waits for ever. */
export type MountWatch = {
  /** The mount to look at from now on: it was just proven, or does not answer. */
  follow(workspace: Workspace, hung: string | null): void;
  /** One sentence while it does not answer, else null. */
  hung(): string | null;
  /** Calls back once it has not answered for so long that what runs on it is given up. Returns how to end that. */
  onLost(listener: (why: string) => void): () => void;
};

/**
 * `look` resolves with one sentence where a mount does not answer; `onChange` is told when one begins to hang, and when it
 * answers again. What runs on it is left alone for `patience_ms` from then on: servers come back.
 */
export function createMountWatch(of: {
  look(workspace: Workspace): Promise<string | null>;
  every_ms: number;
  patience_ms: number;
  log: Logger;
  warnings: Pick<Warnings, "set">;
  onChange(): void;
  /** Ends the watch. */
  signal: AbortSignal;
}): MountWatch {
  const listeners = new Set<(why: string) => void>();
  let followed: Workspace | null = null;
  let hung: string | null = null;
  let late: ReturnType<typeof setTimeout> | undefined;
  let looking = false;

  const giveUp = () => {
    for (const listener of [...listeners]) listener(hung ?? "");
  };
  const note = (now: string | null) => {
    const changed = (now === null) !== (hung === null);
    hung = now;
    if (!changed) return;
    clearTimeout(late);
    if (now !== null) late = setTimeout(giveUp, of.patience_ms);
    of.warnings.set("mount", now === null ? null : `The mounted storage does not answer. ${now}`);
    if (now === null) of.log.info("the mounted storage answers again");
    else of.log.error("the mounted storage does not answer", { why: now });
  };
  const timer = setInterval(async () => {
    if (followed === null || looking) return;
    looking = true;
    const before = hung;
    const now = await of.look(followed).catch(() => before);
    looking = false;
    if (of.signal.aborted) return;
    note(now);
    if ((before === null) !== (now === null)) of.onChange();
  }, of.every_ms);
  timer.unref();
  of.signal.addEventListener("abort", () => {
    clearInterval(timer);
    clearTimeout(late);
  });
  return {
    follow(workspace, why) {
      followed = workspace;
      note(why);
    },
    hung: () => hung,
    onLost(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
