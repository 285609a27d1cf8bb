import { type ErrorCode, VcError } from "../../../shared/errors.ts";
import type { Logger } from "../../../shared/log.ts";
import { pause } from "../connection.ts";
import type { PieceSize } from "./piece-size.ts";

/**
 * Refusals that say nothing about the film: the same call may be answered later. `unauthorized`, `untrusted`: a token or
 * a certificate that was good may be good again, and hours of work are not thrown away for it.
 */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "unreachable",
  "unavailable",
  "storage",
  "storage_full",
  "internal",
  "too_many",
  "unauthorized",
  "untrusted",
  "unknown_worker",
  "corrupt_piece",
]);
const SHORTEST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;
/** So many failures in a row are more than a cut: people are told. */
const TOLD_AT = 4;

/**
 * Repeats `step` until it succeeds or is refused for good, at once after a first cut and then ever more slowly. Rejects
 * with the last error when it has not succeeded for `stall_ms` (0: never), and with the signal's reason when that ends it.
 * `onTrouble` hears why it takes so long, each time anew, and null once that is over.
 */
export async function persist<T>(
  step: () => Promise<T>,
  of: {
    signal: AbortSignal;
    stall_ms: number;
    pieceSize: PieceSize;
    log: Logger;
    onTrouble?: (why: string | null) => void;
    now_ms?: () => number;
  },
): Promise<T> {
  const { signal, log, now_ms = () => performance.now() } = of;
  const begun_ms = now_ms();
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    try {
      const value = await step();
      if (failures >= TOLD_AT) {
        log.info("the film's pieces travel again");
        of.onTrouble?.(null);
      }
      return value;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof VcError) || !PASSING.has(error.code)) throw error;
      if (of.stall_ms > 0 && now_ms() - begun_ms >= of.stall_ms) throw error;
      of.pieceSize.cut();
      failures += 1;
      if (failures === TOLD_AT)
        log.warn("a piece of the film cannot travel, trying on", { reason: error.message });
      if (failures >= TOLD_AT) of.onTrouble?.(error.message);
      if (failures > 1) await pause(delayOf(failures), signal);
    }
  }
}

/** Spread, so that a farm does not come back all at once. */
function delayOf(failures: number): number {
  const delay_ms = Math.min(LONGEST_DELAY_MS, SHORTEST_DELAY_MS * 2 ** Math.min(failures, 10));
  return delay_ms * (0.5 + Math.random());
}
