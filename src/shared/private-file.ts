import { linkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { systemCode } from "./errors.ts";

/** For secrets: readable by their owner alone from the first byte on, and whole whenever they can be seen. */

/** False where something has this name already; that is left as it is. Throws the system's errors. */
export function makePrivateFile(path: string, text: string): boolean {
  return withDraft(path, text, (draft) => {
    try {
      linkSync(draft, path);
      return true;
    } catch (error) {
      if (systemCode(error) === "EEXIST") return false;
    }
    // Not every file system has hard links.
    try {
      writeFileSync(path, text, { mode: 0o600, flag: "wx", flush: true });
      return true;
    } catch (error) {
      if (systemCode(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** Takes the place of whatever has this name. Throws the system's errors. */
export function replacePrivateFile(path: string, text: string): void {
  withDraft(path, text, (draft) => renameSync(draft, path));
}

function withDraft<T>(path: string, text: string, use: (draft: string) => T): T {
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flag: "wx", flush: true });
  try {
    return use(draft);
  } finally {
    rmSync(draft, { force: true });
  }
}
