import type { Clock } from "../../shared/clock.ts";
import { messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { FoundSource } from "./coordinator.ts";
import { judgeSettled, type Watched } from "./settle.ts";
import type { SeenFile } from "./walk.ts";

/** The shortest and longest pause before unsettled files are looked at again. */
const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 60_000;
const PAUSE_AFTER_FAILURE_MS = 10_000;

/**
 * Holds back files that are still changing, and looks at them again by itself once they may have settled.
 * `sift` keeps the settled ones of what a scan saw; `arm` starts the timer for the others.
 */
export function createSettling(of: {
  settings: { settle_ms: number };
  look: (source_rel: string) => Promise<SeenFile | null>;
  add: (batch: FoundSource[]) => Promise<unknown>;
  clock: Clock;
  log: Logger;
}) {
  const watching = new Map<string, Watched & { due_ms: number }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function sift(files: SeenFile[]): FoundSource[] {
    const now = of.clock.now();
    const settled = files.filter((file) => {
      const watched = watching.get(file.source_rel);
      const verdict = judgeSettled({ file, watched, settle_ms: of.settings.settle_ms, now });
      if (verdict.settled) watching.delete(file.source_rel);
      else
        watching.set(file.source_rel, { ...verdict.watched, due_ms: now.monotonic_ms + verdict.due_in_ms });
      return verdict.settled;
    });
    return settled;
  }

  function arm(): void {
    clearTimeout(timer);
    if (stopped || watching.size === 0) return;
    let due_ms = Number.POSITIVE_INFINITY;
    for (const watched of watching.values()) due_ms = Math.min(due_ms, watched.due_ms);
    const wait_ms = due_ms - of.clock.now().monotonic_ms;
    timer = setTimeout(lookAgain, Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, wait_ms)));
    timer.unref();
  }

  async function lookAgain(): Promise<void> {
    const now_ms = of.clock.now().monotonic_ms;
    const due = [...watching].filter(([, watched]) => watched.due_ms <= now_ms);
    try {
      for (const [rel] of due) {
        const file = await of.look(rel);
        if (file === null) watching.delete(rel);
        else if (!stopped) await addSettled(sift([file]));
      }
    } catch (error) {
      if (!(error instanceof VcError) && systemCode(error) === undefined) throw error;
      of.log.debug("files that were still changing could not be looked at", { error: messageOf(error) });
      for (const [rel, watched] of due)
        watching.set(rel, { ...watched, due_ms: now_ms + PAUSE_AFTER_FAILURE_MS });
    }
    arm();
  }

  async function addSettled(settled: FoundSource[]): Promise<void> {
    if (settled.length > 0) await of.add(settled);
  }

  return {
    sift,
    arm,
    count: () => watching.size,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
