import type { Progress } from "../../../shared/job.ts";
import type { Execution } from "../executor.ts";
import type { AttemptResult } from "../messages.ts";
import { endingOf } from "./outcome.ts";

/** A source that the attempt's process can open. `failed` resolves when nothing more will come of it. */
export type Obtained = { path: string; root: string; failed: Promise<unknown>; close(): void };

/**
 * An attempt on a source that must be obtained first, and may fail while it is read: then the attempt's process is ended,
 * and what became of the source is what became of the attempt.
 */
export function executeRemote(of: {
  obtain(signal: AbortSignal, onPercent: (percent: number) => void): Promise<Obtained>;
  begin(source: Obtained): Execution;
  /** Begins when the film does, and is waited for at its end. */
  follow(ended: AbortSignal, signal: AbortSignal): Promise<void>;
}): Execution {
  const stopping = new AbortController();
  let inner: Execution | null = null;
  let percent = 0;

  const run = async (): Promise<AttemptResult | { outcome: "stopped" }> => {
    let source: Obtained | null = null;
    try {
      source = await of.obtain(stopping.signal, (now) => {
        percent = now;
      });
      if (stopping.signal.aborted) return { outcome: "stopped" };
      inner = of.begin(source);
      return await attend({ ...of, execution: inner, failed: source.failed, signal: stopping.signal });
    } catch (error) {
      return stopping.signal.aborted ? { outcome: "stopped" } : endingOf(error);
    } finally {
      source?.close();
    }
  };

  return {
    progress: () => inner?.progress() ?? downloading(percent),
    stop() {
      stopping.abort();
      inner?.stop();
    },
    finished: run(),
  };
}

async function attend(of: {
  execution: Execution;
  failed: Promise<unknown>;
  follow(ended: AbortSignal, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
}): Promise<AttemptResult | { outcome: "stopped" }> {
  const { execution } = of;
  let failure: { error: unknown } | null = null;
  const ended = new AbortController();
  void of.failed.then((error) => {
    if (ended.signal.aborted) return;
    failure = { error };
    execution.stop();
  });
  const cutting = new AbortController();
  const following = of.follow(ended.signal, cutting.signal).catch(() => {});
  const result = await execution.finished;
  ended.abort();
  // The piece that is on its way may arrive; what is lost of it otherwise is sent again.
  const late = setTimeout(() => cutting.abort(), result.outcome === "done" ? FOLLOW_GRACE_MS : 0);
  await following;
  clearTimeout(late);
  const failed = failure as { error: unknown } | null;
  return failed === null || of.signal.aborted ? result : endingOf(failed.error);
}

const FOLLOW_GRACE_MS = 3000;

function downloading(percent: number): Progress {
  return { stage: "downloading", percent, fps: null, speed: null, eta_s: null };
}
