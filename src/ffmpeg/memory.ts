import { totalmem } from "node:os";
import { endFirstWithoutMemory, ownMemory } from "../shared/platform.ts";

/**
 * Looks five times a second at what a process takes of the memory for itself and calls `onExceeded` once when it is
 * more than `limit_bytes`, or than nine tenths of what there is. A limit of the system's own (RLIMIT_AS) counts
 * addresses, of which drivers of GPUs map far more than they use. Where the system does not tell (elsewhere than on
 * Linux), there is no limit.
 */
export function watchMemory(of: { pid: number | undefined; limit_bytes: number; onExceeded: () => void }): {
  end(): void;
} {
  const { pid } = of;
  if (pid === undefined) return { end: () => undefined };
  void endFirstWithoutMemory(pid);
  const limit_bytes = Math.min(of.limit_bytes, machineMemory() * MACHINE_SHARE);
  const timer = setInterval(async () => {
    if ((await ownMemory(pid)) <= limit_bytes) return;
    clearInterval(timer);
    of.onExceeded();
  }, INTERVAL_MS);
  return { end: () => clearInterval(timer) };
}

const INTERVAL_MS = 200;
const MACHINE_SHARE = 0.9;

/** Bytes of this machine, or of the container that we live in. */
function machineMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}
