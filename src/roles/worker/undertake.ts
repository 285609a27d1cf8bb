import { messageOf } from "../../shared/errors.ts";
import type { JobOrder } from "../../shared/job.ts";
import type { Logger } from "../../shared/log.ts";
import type { AgentParts } from "./agent.ts";
import { type Execution, execute } from "./executor.ts";
import type { Fit } from "./fitness.ts";
import type { GpuLease } from "./gpus.ts";
import type { AttemptTask } from "./messages.ts";
import { withMountChild } from "./mount-child.ts";
import { executeMounted } from "./mounted-execution.ts";
import type { Undertaking } from "./undertaking.ts";
import type { Workspace } from "./workspace.ts";

const SOURCE_WATCH_MS = 10_000;

type Parts = Pick<AgentParts, "attempts" | "config" | "gpus" | "job" | "mount" | "transfers">;
type Files = Pick<AttemptTask, "source" | "source_root" | "target" | "canary">;

/** Begins a claimed order; its film comes and its result goes by the way that this machine was found fit for. */
export function undertake(parts: Parts, order: JobOrder, fit: Fit): void {
  const { attempts, transfers } = parts;
  const { way } = fit;
  try {
    // A name that cannot be here is the film's trouble, not the worker's.
    const files = way.kind === "mount" ? onMount(way.workspace, order) : null;
    const target = files?.target ?? transfers.target(order);
    attempts.start(order, (log) => {
      log.info("attempt started", { source: order.source_rel });
      const run = runner(parts, { order, fit, log });
      if (way.kind === "mount" && files !== null) return staying(parts, run, files);
      const kind = way.kind === "download" ? way.kind : "stream";
      const begin = ({ path, root }: { path: string; root: string }) =>
        run.begin({ source: path, source_root: root, target, canary: null });
      return transfers.undertake(order, { kind, log, begin, release: run.release });
    });
  } catch (error) {
    attempts.refuse(order, { message: messageOf(error) });
  }
}

function onMount(workspace: Workspace, order: JobOrder): Files {
  const [source, source_root] = [workspace.source(order), workspace.rootOf(order)];
  return { source, source_root, target: workspace.target(order), canary: workspace.canary };
}

type Runner = { begin(files: Files): Execution; release(): void };

/** The GPU is taken when the work begins: a download needs none. */
function runner(parts: Parts, of: { order: JobOrder; fit: Fit; log: Logger }): Runner {
  const { config, gpus, job } = parts;
  const { order, fit, log } = of;
  let lease: GpuLease | null = null;
  return {
    begin(files) {
      const taken = gpus.take(log);
      lease = taken;
      const limits = {
        job_timeout_ms: config.worker.job_timeout,
        ffmpeg_timeout_ms: config.ffmpeg.timeout,
        stall_timeout_ms: config.worker.stall_timeout,
      };
      const { capabilities } = fit;
      const task = { ...files, order, watch_ms: SOURCE_WATCH_MS, capabilities, gpu: taken.use, limits };
      return execute(task, job ?? undefined, taken, files.canary === null ? undefined : removeMounted);
    },
    release: () => lease?.release(),
  };
}

/** Its result lies where the master takes it. */
function staying({ mount }: Parts, run: Runner, files: Files): Undertaking {
  const execution = executeMounted(run.begin(files), mount);
  return { execution, release: run.release, deliver: null, forget: () => removeMounted(files.target) };
}

function removeMounted(path: string): Promise<void> {
  return withMountChild((files) => files.remove(path));
}
