import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { defineCommand } from "citty";
import type { MasterConfig } from "../../shared/config.ts";
import { loadMasterConfig, loadWorkerConfig } from "../../shared/config-file.ts";
import type { WorkerConfig } from "../../shared/config-worker.ts";
import { fileTrouble, VcError } from "../../shared/errors.ts";
import { conversionArgs, conversionFlags } from "./conversion-args.ts";
import { runFarm } from "./convert-farm.ts";
import { jsonArg } from "./start.ts";

export const convert = defineCommand({
  meta: { name: "convert", description: "Convert a film or a folder here, master and worker in one process" },
  args: {
    source: { type: "positional", required: true, description: "A film, or a folder with films" },
    out: { type: "string", valueHint: "DIR", description: "The folder for the results (needed)" },
    concurrency: { type: "string", valueHint: "N", description: "How many films to convert at once (1)" },
    ffmpeg: {
      type: "string",
      valueHint: "PATH",
      description: "The ffmpeg to use; without it, the one on PATH",
    },
    "use-vulkan": {
      type: "string",
      valueHint: "WHEN",
      description: "Whether to convert on GPUs through Vulkan: true, false or auto (auto)",
    },
    gpu: {
      type: "string",
      valueHint: "NAME",
      description: "The GPUs to use, by index, UUID or a part of their name (every real one)",
    },
    ...conversionArgs,
    ...jsonArg,
  },
  async run({ args }) {
    const source = resolve(String(args.source));
    if (args.out === undefined) throw new VcError("usage", "--out is missing: the folder for the results");
    const out = resolve(args.out);
    const only = isFolder(source) ? null : basename(source);
    const root = only === null ? source : dirname(source);
    return runFarm({
      master: masterConfig(root, out, args),
      worker: workerConfig(out, args),
      only: only === null ? null : [only],
      json: args.json === true,
    });
  },
});

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new VcError("usage", `cannot read ${path}: ${fileTrouble(cause)}`, { cause });
  }
}

/** One queue for each source folder lies beside the results, so that a later run goes on where this one stops. */
function masterConfig(root: string, out: string, args: Record<string, unknown>): MasterConfig {
  const queue = createHash("sha256").update(root).digest("hex").slice(0, 12);
  const flags = {
    "server.host": "127.0.0.1",
    "server.port": "0",
    "scanner.root_path": root,
    "scanner.output_base": out,
    "scanner.scan_interval": "0",
    "scanner.settle": "1s",
    "database.path": join(out, ".vc", `convert-${queue}.db`),
    "database.backup_keep": "2",
    "queue.max_retries": "1",
    // A person waits: what fails is told at the end, and tried again by the next run.
    "queue.quarantine": "0",
    "queue.retry_delay": "1s",
    // Ctrl-C gives films back as lost: nobody who stops and goes on as often as he likes shall lose one by that.
    "queue.max_lost": "1000",
    "logging.output_path": join(out, ".vc", "convert.log"),
    ...conversionFlags(args),
  };
  return loadMasterConfig({ path: null, implicit: false, flags, env: {} });
}

function workerConfig(out: string, args: Record<string, unknown>): WorkerConfig {
  const given = (name: string) => (typeof args[name] === "string" ? args[name] : undefined);
  const flags = {
    "worker.master_url": "http://127.0.0.1",
    "worker.concurrency": given("concurrency"),
    "worker.job_check_interval": "1s",
    // All lies on this machine: what cannot be read here cannot be had in another way.
    "storage.source": "mount",
    "ffmpeg.path": given("ffmpeg"),
    "ffmpeg.use_vulkan": given("use-vulkan"),
    "vulkan.preferred_device": given("gpu"),
    "logging.output_path": join(out, ".vc", "convert.log"),
  };
  return loadWorkerConfig({ path: null, implicit: false, flags, env: {} });
}
