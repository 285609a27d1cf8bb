import { WORD_BOUNDS } from "../../shared/worker.ts";

/** What people should know although this machine works: one sentence for each thing, as long as it holds. */
export type Warnings = {
  /** Null: it is over. */
  set(about: string, text: string | null): void;
  /** Cut to what a heartbeat may hold. */
  list(): string[];
};

export function createWarnings(): Warnings {
  const texts = new Map<string, string>();
  return {
    set(about, text) {
      if (text === null) texts.delete(about);
      else texts.set(about, text.slice(0, WORD_BOUNDS.warning));
    },
    list: () => [...texts.values()].slice(0, WORD_BOUNDS.warnings),
  };
}
