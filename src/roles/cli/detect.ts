import { defineCommand } from "citty";
import { loadWorkerConfig } from "../../shared/config-file.ts";
import { cacheFolder } from "../../shared/platform.ts";
import { renderDetected } from "./render-detected.ts";
import { jsonArg } from "./start.ts";

export const detect = defineCommand({
  meta: { name: "detect", description: "Find out by trial what this machine can do" },
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
    ...jsonArg,
  },
  async run({ args }) {
    const flags = { "ffmpeg.path": args.ffmpeg, "ffmpeg.ffprobe_path": args.ffprobe };
    const { ffmpeg, storage } = configOf(args.config, flags);
    const { detectCapabilities } = await import("../worker/capabilities.ts");
    const found = await detectCapabilities({
      path: ffmpeg.path,
      ffprobe_path: ffmpeg.ffprobe_path,
      cache_path: storage.cache_path ?? cacheFolder(),
      fresh: true,
    });
    const machine = { os: process.platform, architecture: process.arch };
    console.log(
      args.json === true ? JSON.stringify({ ...found, ...machine }, null, 2) : renderDetected(found, machine),
    );
  },
});

/** A machine can be asked before it has a configuration: only without a file the master's address is made up. */
function configOf(file: string | undefined, flags: Record<string, string | undefined>) {
  if (file !== undefined) return loadWorkerConfig({ path: file, flags, env: process.env });
  const nobody = { "worker.master_url": "http://localhost:8080" };
  return loadWorkerConfig({ path: null, flags: { ...nobody, ...flags }, env: process.env });
}
