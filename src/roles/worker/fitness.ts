import { statfs } from "node:fs/promises";
import type { Capabilities } from "../../shared/capabilities.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Reason } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { Workspace } from "./workspace.ts";

export type Fit = { capabilities: Capabilities; workspace: Workspace };

/** Whether this machine can work: its ffmpeg, its mount, its disk. */
export type Fitness = {
  /** Proves what was not proven yet or has come into doubt; null when something is wrong. */
  check(): Promise<Fit | null>;
  /** An attempt failed for this reason: prove the part it blames again before the next one. */
  doubt(reason: Reason): void;
  /** What is wrong, in one sentence, or null. */
  problem(): string | null;
};

export function createFitness(parts: {
  log: Logger;
  detect(): Promise<Capabilities>;
  /** Resolves with the proven workspace, or with the sentence that says why there is none. */
  mount(): Promise<Workspace | string>;
}): Fitness {
  let capabilities: Capabilities | null = null;
  let workspace: Workspace | null = null;
  let disk_full = false;
  let problem: string | null = null;

  const prove = async (): Promise<Fit | string> => {
    capabilities ??= await parts.detect();
    if (workspace === null) {
      const mounted = await parts.mount();
      if (typeof mounted === "string") return mounted;
      workspace = mounted;
    }
    if (disk_full) {
      const full = await checkDisk(workspace.output_base);
      if (full !== null) return full;
      disk_full = false;
    }
    return { capabilities, workspace };
  };

  return {
    async check() {
      const found = await prove().catch((error: unknown) => messageOf(error));
      const now = typeof found === "string" ? found : null;
      if (now !== problem) {
        if (now === null) parts.log.info("this machine can work again");
        else parts.log.error("this machine cannot work, trying on", { reason: now });
      }
      problem = now;
      return typeof found === "string" ? null : found;
    },
    doubt(reason) {
      if (reason === "ffmpeg_missing") capabilities = null;
      if (reason === "mount_lost" || reason === "worker_error") workspace = null;
      if (reason === "disk_full") disk_full = true;
    },
    problem: () => problem,
  };
}

const GIB = 1024 ** 3;

/** Room for new work: 1 GiB, or a tenth of a disk that is smaller than 10 GiB. */
async function checkDisk(folder: string): Promise<string | null> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= Math.min(GIB, (blocks * bsize) / 10)) return null;
  return `The disk of ${folder} is full (${Math.floor(free / 1024 ** 2)} MiB free): make room there, work goes on by itself.`;
}
