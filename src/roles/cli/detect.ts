import { defineCommand } from "citty";
import type { Tried } from "../../ffmpeg/trial.ts";
import { trialRecord } from "../../ffmpeg/trial-capabilities.ts";
import { loadWorkerConfig } from "../../shared/config-file.ts";
import { VcError } from "../../shared/errors.ts";
import { cacheFolder } from "../../shared/platform.ts";
import { type Detected, renderDetected } from "./render-detected.ts";
import { adviceOn } from "./render-detected-advice.ts";
import { jsonArg } from "./start.ts";

export const detect = defineCommand({
  meta: {
    name: "detect",
    description: "Find out what this machine can do: its Vulkan devices, and by trial its encoders",
  },
  args: {
    config: {
      type: "string",
      valueHint: "FILE",
      description: "A worker's configuration file, for its ffmpeg section",
    },
    ffmpeg: {
      type: "string",
      valueHint: "PATH",
      description: "The ffmpeg to try; without it, the one on PATH",
    },
    ffprobe: {
      type: "string",
      valueHint: "PATH",
      description: "The ffprobe to try; without it, the one beside ffmpeg",
    },
    fresh: {
      type: "boolean",
      description:
        "Repeat the trials instead of showing what they showed for this ffmpeg before, and forget what films taught about the GPUs",
    },
    ...jsonArg,
  },
  async run({ args }) {
    const flags = { "ffmpeg.path": args.ffmpeg, "ffmpeg.ffprobe_path": args.ffprobe };
    const { ffmpeg, storage } = configOf(args.config, flags);
    const { tryCapabilities } = await import("../worker/capabilities.ts");
    const { probeVulkan } = await import("../../vulkan/detect.ts");
    if (process.stderr.isTTY && args.json !== true)
      // Bun's console.error would make it red, as if it were an error.
      process.stderr.write(
        "Trying what this machine can do; where that is not known yet, it takes a while...\n",
      );
    const vulkan = await probeVulkan();
    const result = await tryCapabilities({
      ...{ path: ffmpeg.path, ffprobe_path: ffmpeg.ffprobe_path, vulkan, fresh: args.fresh === true },
      cache_path: storage.cache_path ?? cacheFolder(),
      // A worker leaves Vulkan on the CPU alone unless told otherwise; a person wants to see what it can do.
      named: () => true,
    }).catch(noFfmpeg);
    const failed = result instanceof VcError;
    const capabilities = failed ? null : result.capabilities;
    const learned = failed ? null : result.learned;
    const found = { vulkan, capabilities, learned, os: process.platform, architecture: process.arch };
    if (args.json === true) console.log(JSON.stringify(asJson(found, failed ? [] : result.tried), null, 2));
    else console.log(renderDetected(found));
    // The devices are worth seeing without ffmpeg, too; the command has failed all the same.
    if (failed) throw result;
  },
});

/** Without ffmpeg the machine's devices can be told all the same. */
function noFfmpeg(error: unknown): VcError {
  if (error instanceof VcError && error.code === "ffmpeg") return error;
  throw error;
}

/** The ffmpeg's own fields first, as they are without Vulkan; last, every single trial. */
function asJson(found: Detected, tried: Tried[]) {
  const { capabilities, vulkan, learned, ...machine } = found;
  const told = { vulkan, advice: adviceOn(found), ...machine, learned };
  return { ...capabilities, ...told, trials: tried.map(trialRecord) };
}

/** A machine can be asked before it has a configuration: only without a file the master's address is made up. */
function configOf(file: string | undefined, flags: Record<string, string | undefined>) {
  if (file !== undefined) return loadWorkerConfig({ path: file, flags, env: process.env });
  const nobody = { "worker.master_url": "http://localhost:8080" };
  return loadWorkerConfig({ path: null, flags: { ...nobody, ...flags }, env: process.env });
}
