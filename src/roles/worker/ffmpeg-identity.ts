import { stat } from "node:fs/promises";
import type { FfmpegInfo } from "../../shared/capabilities.ts";
import { version } from "../../shared/version.ts";

/** Another text as soon as vc is another, or the ffmpeg, also where that is built anew with the same version. */
export async function identifyFfmpeg(ffmpeg: FfmpegInfo): Promise<string> {
  const { size, mtimeMs } = await stat(ffmpeg.path).catch(() => ({ size: 0, mtimeMs: 0 }));
  return JSON.stringify([version, ffmpeg.path, ffmpeg.version, size, mtimeMs]);
}
