import { stat } from "node:fs/promises";
import { join } from "node:path";
import { findFfmpeg } from "../../ffmpeg/find.ts";
import { type TrialLimits, type Tried, tryMachine } from "../../ffmpeg/trial.ts";
import { toCapabilities } from "../../ffmpeg/trial-capabilities.ts";
import type { Capabilities, FfmpegInfo } from "../../shared/capabilities.ts";
import type { Gpu } from "../../shared/gpu.ts";
import { version } from "../../shared/version.ts";
import { probeVulkan } from "../../vulkan/detect.ts";
import type { VulkanProbe } from "../../vulkan/devices.ts";
import { toTrialDevices } from "./trial-devices.ts";
import { recallTrials, rememberTrials } from "./trial-memory.ts";

export type DetectOptions = {
  path: string | null;
  ffprobe_path: string | null;
  cache_path: string;
  /** Which devices of type cpu a person asked for by name; those are tried, too. */
  named?: (gpu: Pick<Gpu, "id" | "index" | "name">) => boolean;
  /** Repeat all trials. */
  fresh?: boolean;
  limits?: TrialLimits;
};

/**
 * What this machine can do, by asking it: ffmpeg's version, the GPUs that Vulkan shows, and what trials proved on them
 * and on the CPU. Without Vulkan (`use_vulkan` false) no driver is asked. Trials are remembered in `cache_path` until
 * ffmpeg or a driver changes. Throws VcError("ffmpeg") where ffmpeg or ffprobe is missing or broken.
 */
export async function detectCapabilities(
  options: DetectOptions & { use_vulkan?: boolean | "auto" },
): Promise<Capabilities> {
  const vulkan = options.use_vulkan === false ? null : await probeVulkan();
  return (await tryCapabilities({ ...options, vulkan })).capabilities;
}

/** The same, with a probe that was made already, and every single trial. */
export async function tryCapabilities(
  options: DetectOptions & { vulkan: VulkanProbe | null },
): Promise<{ capabilities: Capabilities; tried: Tried[] }> {
  const { vulkan, named = () => false, cache_path, limits } = options;
  const ffmpeg = await findFfmpeg({ path: options.path, ffprobe_path: options.ffprobe_path });
  const devices = vulkan?.available === true ? toTrialDevices(vulkan.devices, named) : [];
  const memory = { file: join(cache_path, "capabilities.json"), key: await identify(ffmpeg) };
  const remembered = await recallTrials(memory, { fresh: options.fresh === true });
  const tried = await tryMachine({
    ffmpeg,
    devices,
    remembered,
    ...(limits === undefined ? {} : { limits }),
  });
  await rememberTrials(memory, tried);
  return { capabilities: toCapabilities({ ffmpeg, devices, tried }), tried };
}

async function identify(ffmpeg: FfmpegInfo): Promise<string> {
  const { size, mtimeMs } = await stat(ffmpeg.path);
  return JSON.stringify([version, ffmpeg.path, ffmpeg.version, size, mtimeMs]);
}
