import type { Capabilities } from "../../shared/capabilities.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Reason } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import { withMountChild } from "./mount-child.ts";
import { filesHere } from "./mount-files.ts";
import type { Way } from "./transfer/way.ts";

export type Fit = { capabilities: Capabilities; way: Way };

/** Whether this machine can work: its ffmpeg, the way of its films, its disk. */
export type Fitness = {
  /** Proves what was not proven yet or has come into doubt; null when something is wrong. */
  check(): Promise<Fit | null>;
  /**
   * An attempt failed for this reason: prove the part it blames again before the next one. `source_bytes` is how
   * much room the same film would need at most.
   */
  doubt(reason: Reason, source_bytes?: number): void;
  /** What is wrong, in one sentence, or null. */
  problem(): string | null;
  /** What must be found out before films can be taken, while that takes its time; null otherwise. */
  doing(): string | null;
};

export function createFitness(parts: {
  log: Logger;
  detect(): Promise<Capabilities>;
  /** Resolves with the way of films, proven, or with the sentence that says why there is none. */
  choose(): Promise<Way | string>;
}): Fitness {
  let capabilities: Capabilities | null = null;
  let way: Way | null = null;
  /** Bytes that must be free again; 0 while the disk was never full. */
  let wanted = 0;
  let problem: string | null = null;
  let doing: string | null = null;

  const detect = async () => {
    doing = DETECTING;
    try {
      return await parts.detect();
    } finally {
      doing = null;
    }
  };
  const prove = async (): Promise<Fit | string> => {
    capabilities ??= await detect();
    if (way === null) {
      const chosen = await parts.choose();
      if (typeof chosen === "string") return chosen;
      way = chosen;
    }
    if (wanted > 0) {
      const full = await checkDisk(way, wanted);
      if (full !== null) return full;
      wanted = 0;
    }
    return { capabilities, way };
  };

  return {
    async check() {
      const found = await prove().catch((error: unknown) => messageOf(error));
      const now = typeof found === "string" ? found : null;
      if (inKind(now) !== inKind(problem)) {
        if (now === null) parts.log.info("this machine can work again");
        else parts.log.error("this machine cannot work, trying on", { reason: now });
      }
      problem = now;
      return typeof found === "string" ? null : found;
    },
    doubt(reason, source_bytes = 0) {
      if (reason === "ffmpeg_missing") capabilities = null;
      if (OF_THE_WAY.has(reason)) way = null;
      if (reason === "disk_full") wanted = Math.max(wanted, source_bytes, 1);
    },
    problem: () => problem,
    doing: () => doing,
  };
}

/** After these the way to the films is chosen anew. */
const OF_THE_WAY: ReadonlySet<Reason> = new Set([
  "mount_lost",
  "transfer_failed",
  "worker_error",
  "source_unreadable",
]);

const DETECTING = "trying out what ffmpeg and the GPUs can do; films follow, after a minute or so";

/** A log need not hear each number of bytes that are free meanwhile. */
function inKind(problem: string | null): string | undefined {
  return problem?.replace(/\d+/g, "0");
}

const GIB = 1024 ** 3;

/**
 * Bytes that must be free for new work: 1 GiB (a tenth of a disk smaller than 10 GiB), and room for the largest film
 * that did not fit, unless the whole disk is hardly larger.
 */
export function roomNeeded(disk: { size_bytes: number; wanted_bytes: number }): number {
  const usual = Math.min(GIB, disk.size_bytes / 10);
  return Math.max(usual, Math.min(disk.wanted_bytes, disk.size_bytes * 0.9));
}

async function checkDisk({ kind, output_base: folder }: Way, wanted_bytes: number): Promise<string | null> {
  // A mount may hang by now.
  const { size_bytes, free_bytes: free } = await (kind === "mount"
    ? withMountChild((files) => files.room(folder))
    : filesHere.room(folder));
  const needed = roomNeeded({ size_bytes, wanted_bytes });
  if (free >= needed) return null;
  const mebibytes = (bytes: number) => Math.floor(bytes / 1024 ** 2);
  return `The disk of ${folder} is full (${mebibytes(free)} of ${mebibytes(needed)} MiB free): make room there, work goes on by itself.`;
}
