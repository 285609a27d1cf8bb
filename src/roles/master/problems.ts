import type { Logger } from "../../shared/log.ts";

/** What a person must look at. Each has a key, so that it clears itself when the same check goes well again. */
export type Problems = {
  set(key: string, sentence: string): void;
  clear(key: string): void;
  list(): string[];
};

/** Says each problem once when it begins and once when it is over. */
export function createProblems(log: Logger): Problems {
  const open = new Map<string, string>();
  return {
    set(key, sentence) {
      if (open.get(key) === sentence) return;
      open.set(key, sentence);
      log.warn(sentence, { problem: key });
    },
    clear(key) {
      const sentence = open.get(key);
      if (sentence === undefined) return;
      open.delete(key);
      log.info("a problem is over", { problem: key, was: sentence });
    },
    list: () => [...open.values()],
  };
}
