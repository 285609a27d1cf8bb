import type { Logger } from "../../shared/log.ts";

/** `stops`: the master cannot do a part of its work; `remark`: something is left out, and the rest goes on. */
type Severity = "stops" | "remark";

/** What a person must look at. Each has a key, so that it clears itself when the same check goes well again. */
export type Problems = {
  /** A problem stops work unless `severity` says otherwise. */
  set(key: string, sentence: string, severity?: Severity): void;
  clear(key: string): void;
  /** All of them, those that stop work first. */
  list(): string[];
  /** Only those that stop work. */
  stopping(): string[];
};

/** Says each problem once when it begins and once when it is over. */
export function createProblems(log: Logger): Problems {
  const open = new Map<string, { sentence: string; severity: Severity }>();
  const of = (wanted: Severity) =>
    [...open.values()].filter(({ severity }) => severity === wanted).map(({ sentence }) => sentence);
  return {
    set(key, sentence, severity = "stops") {
      const known = open.get(key);
      open.set(key, { sentence, severity });
      if (known?.sentence === sentence) return;
      log.warn(sentence, { problem: key });
    },
    clear(key) {
      const known = open.get(key);
      if (known === undefined) return;
      open.delete(key);
      log.info("a problem is over", { problem: key, was: known.sentence });
    },
    list: () => [...of("stops"), ...of("remark")],
    stopping: () => of("stops"),
  };
}
