import { timerMs } from "../../shared/clock.ts";
import { VcError } from "../../shared/errors.ts";
import type { Scanner, ScanResult } from "./scanner.ts";

/** After a scan that failed (a volume that is gone), so that it goes on by itself once that is repaired. */
const RETRY_MS = 30_000;

export type ScanDuty = {
  /** The result of a scan that begins after this call. */
  scan(): Promise<ScanResult>;
  /** Has a scan made soon; `started` is false when another one must end first. */
  request(): { started: boolean };
  stop(): Promise<void>;
};

/**
 * One scan at a time; any number of wishes during a scan make one more after it. `interval_ms` counts from the
 * end of a scan; 0: only when asked. A scan that failed is tried again by itself.
 */
export function createScanDuty(of: { scanner: Scanner; interval_ms: number }): ScanDuty {
  let running: Promise<ScanResult> | null = null;
  let next: Promise<ScanResult> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function begin(): Promise<ScanResult> {
    clearTimeout(timer);
    running = of.scanner.scan();
    running.then(
      () => again(of.interval_ms),
      (error) => {
        // Anything else is a bug, and ends the process as an unhandled rejection.
        if (!(error instanceof VcError)) throw error;
        again(Math.min(of.interval_ms || RETRY_MS, RETRY_MS));
      },
    );
    return running;
  }

  function again(wait_ms: number): void {
    running = null;
    if (stopped || wait_ms === 0 || next !== null) return;
    timer = setTimeout(() => void request(), timerMs(wait_ms));
  }

  function scan(): Promise<ScanResult> {
    if (stopped) throw new VcError("unavailable", "the master is stopping.");
    if (running === null) return begin();
    next ??= running.then(ignore, ignore).then(() => {
      next = null;
      return begin();
    });
    return next;
  }

  function request() {
    const started = running === null;
    // A failure is a problem that the scanner reports itself.
    scan().catch(ignore);
    return { started };
  }

  return {
    scan,
    request,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      of.scanner.stop();
      await running?.then(ignore, ignore);
    },
  };
}

const ignore = () => undefined;
