import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { findFfmpeg, tryEncoders } from "../../ffmpeg/trial.ts";
import type { Capabilities, FfmpegInfo } from "../../shared/capabilities.ts";
import { DeviceOptions, EncodeLimits, FAMILY_NAMES } from "../../shared/gpu.ts";
import { version } from "../../shared/version.ts";

const Cached = v.object({
  key: v.string(),
  encoders: v.array(
    v.object({
      family: v.picklist(FAMILY_NAMES),
      codec: v.string(),
      encoder: v.string(),
      ten_bit: v.boolean(),
      device: v.nullable(v.string()),
      open: DeviceOptions,
      limits: v.nullable(EncodeLimits),
    }),
  ),
  refused: v.array(
    v.object({
      family: v.picklist(FAMILY_NAMES),
      codec: v.string(),
      encoder: v.string(),
      device: v.nullable(v.string()),
      why: v.string(),
    }),
  ),
});

/**
 * What this machine can do, by asking it: ffmpeg's version and the encoders that a trial proved. Trials are
 * remembered in `cache_path` until ffmpeg changes; `fresh` repeats them.
 * Throws VcError("ffmpeg") where ffmpeg or ffprobe is missing or broken.
 */
export async function detectCapabilities(options: {
  path: string | null;
  ffprobe_path: string | null;
  cache_path: string;
  fresh?: boolean;
}): Promise<Capabilities> {
  const ffmpeg = await findFfmpeg({ path: options.path, ffprobe_path: options.ffprobe_path });
  const file = join(options.cache_path, "capabilities.json");
  const key = await identify(ffmpeg);
  const remembered = options.fresh === true ? null : await recall(file);
  if (remembered?.key === key) {
    return { ffmpeg, gpus: [], encoders: remembered.encoders, refused: remembered.refused };
  }
  const found = await tryEncoders(ffmpeg);
  await remember(file, { key, ...found });
  return { ffmpeg, gpus: [], ...found };
}

async function identify(ffmpeg: FfmpegInfo): Promise<string> {
  const { size, mtimeMs } = await stat(ffmpeg.path);
  return JSON.stringify([version, ffmpeg.path, ffmpeg.version, size, mtimeMs]);
}

async function recall(file: string): Promise<v.InferOutput<typeof Cached> | null> {
  try {
    return v.parse(Cached, JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null;
  }
}

/** A cache that cannot be written costs a few seconds at the next start, nothing else. */
async function remember(file: string, content: v.InferOutput<typeof Cached>): Promise<void> {
  try {
    await mkdir(join(file, ".."), { recursive: true });
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, JSON.stringify(content));
    await rename(draft, file);
  } catch {}
}
