import type { Logger } from "../../shared/log.ts";
import type { Warnings } from "./warnings.ts";
import type { Workspace } from "./workspace.ts";

/** Looks now and then whether a mount answers: its server may go at any time, and whoever reads it then waits for ever. */
export type MountWatch = {
  /** The mount to look at from now on: it was just proven, or does not answer. */
  follow(workspace: Workspace, hung: string | null): void;
  /** Looks at once. Resolves with one sentence where it does not answer, else null. */
  ask(): Promise<string | null>;
  /**
   * Calls back when it begins to hang, and again each time that what runs on it has had `patience_ms` since. Returns how to
   * end that.
   */
  onHung(listener: (why: string) => void): () => void;
};

/**
 * `look` resolves with one sentence where a mount does not answer; `onChange` is told when one begins to hang, and when it
 * answers again.
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
  let late: ReturnType<typeof setInterval> | undefined;
  let looking: Promise<string | null> | null = null;

  const tell = () => {
    for (const listener of [...listeners]) listener(hung ?? "");
  };
  const note = (now: string | null) => {
    const changed = (now === null) !== (hung === null);
    hung = now;
    if (!changed) return;
    clearInterval(late);
    if (now !== null) late = setInterval(tell, of.patience_ms);
    if (now !== null) tell();
    of.warnings.set("mount", now === null ? null : `The mounted storage does not answer. ${now}`);
    if (now === null) of.log.info("the mounted storage answers again");
    else of.log.error("the mounted storage does not answer", { why: now });
  };
  const look = async (workspace: Workspace): Promise<string | null> => {
    const before = hung;
    const now = await of.look(workspace).catch(() => before);
    if (of.signal.aborted) return now;
    note(now);
    if ((before === null) !== (now === null)) of.onChange();
    return now;
  };
  const ask = async (): Promise<string | null> => {
    if (followed === null) return null;
    looking ??= look(followed).finally(() => {
      looking = null;
    });
    return looking;
  };
  const timer = setInterval(() => void ask(), of.every_ms);
  timer.unref();
  of.signal.addEventListener("abort", () => {
    clearInterval(timer);
    clearInterval(late);
  });
  return {
    follow(workspace, why) {
      followed = workspace;
      note(why);
    },
    ask,
    onHung(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
