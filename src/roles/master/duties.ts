import { VcError } from "../../shared/errors.ts";

/**
 * Does something now and again and again, `every_ms` after it last ended, until `stop`. A failure at an edge (VcError) has
 * been reported where people look by then; anything else is a bug and ends the process.
 */
export function startDuty(every_ms: number, duty: () => Promise<unknown>): { stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const round = async () => {
    try {
      await duty();
    } catch (error) {
      if (!(error instanceof VcError)) throw error;
    } finally {
      if (!stopped) timer = setTimeout(round, every_ms);
    }
  };
  void round();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
