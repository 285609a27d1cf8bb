import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import type { MediaInfo } from "../shared/media.ts";
import { fileUrl, guardOptions } from "./guard.ts";
import { inspect } from "./inspect.ts";
import type { FfmpegLog } from "./log.ts";
import { measure } from "./measure.ts";
import { samplePictures } from "./pictures.ts";
import type { Plan } from "./plan.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { captureTool } from "./tool.ts";
import { judge } from "./verify.ts";

/** Gathers the evidence on a finished result and judges it: notes, or the reason why it is refused. */
export async function check(of: {
  ffmpeg: FfmpegInfo;
  plan: Plan;
  source: { path: string; media: MediaInfo };
  target: string;
  damage: FfmpegLog["damage"];
  verify: Conversion["verify"];
  signal: AbortSignal;
}): Promise<{ notes: string[] } | { refusal: Refusal }> {
  const { ffmpeg, plan, source, target, signal } = of;
  const inspected = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: target, signal });
  if ("refusal" in inspected) {
    return refusal("retry", "verification_failed", `The result cannot be read: ${inspected.refusal.message}`);
  }
  const result = inspected.media;
  const made = result.video[0];
  const [timelines, pictures] = await Promise.all([
    measure({ ffprobe_path: ffmpeg.ffprobe_path, path: target, signal }),
    made === undefined
      ? []
      : samplePictures({
          ffmpeg_path: ffmpeg.path,
          source: { path: source.path, stream: plan.video.index },
          result: { path: target, stream: made.index },
          duration_s: made.duration_s ?? result.duration_s ?? 0,
          frame_s: 1 / (made.frame_rate ?? 25),
          signal,
        }),
  ]);
  const decoded =
    of.verify === "full" ? await decodeWhole({ ffmpeg_path: ffmpeg.path, path: target, signal }) : null;
  return judge({ plan, source: source.media, result, timelines, damage: of.damage, pictures, decoded });
}

/** Reads every picture and every sound of a file; anything that ffmpeg complains about is a failure. */
async function decodeWhole(of: { ffmpeg_path: string; path: string; signal: AbortSignal }) {
  const run = await captureTool({
    argv: [
      ...[
        of.ffmpeg_path,
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-v",
        "error",
        "-xerror",
        ...guardOptions(),
      ],
      ...[
        "-i",
        fileUrl(of.path),
        "-map",
        "0:v",
        "-map",
        "0:a?",
        "-fps_mode",
        "passthrough",
        "-f",
        "null",
        "-",
      ],
    ],
    limit_ms: DECODE_LIMIT_MS,
    max_bytes: 1024,
    signal: of.signal,
  });
  const said = run.stderr.trim().split("\n")[0] ?? "";
  return { failed: run.code !== 0 || said !== "", said: said || `exit code ${run.code}` };
}

const DECODE_LIMIT_MS = 24 * 3600 * 1000;
