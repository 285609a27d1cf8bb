import type { FfmpegInfo } from "../shared/capabilities.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { captureTool } from "./tool.ts";

/**
 * Whether a film carries closed captions (EIA-608, CTA-708), of which containers say nothing: in its first pictures, or at
 * places all over it, as they may begin late.
 */
export async function showsCaptions(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  /** Seconds, of a file whose clock begins at 0; null if it is not known. */
  duration_s: number | null;
  signal: AbortSignal;
}): Promise<boolean> {
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg.ffprobe_path, ...errorsOnly(of.path), "-threads", "1", ...guardOptions(of.path)],
      ...["-select_streams", "v:0", "-read_intervals", intervals(of.duration_s), "-show_frames"],
      ...["-show_entries", "frame=key_frame:frame_side_data", "-of", "json=compact=1", sourceUrl(of.path)],
    ],
    limit_ms: 60_000,
    max_bytes: 4_000_000,
    max_memory_bytes: PROBE_MEMORY,
    signal: of.signal,
  });
  return CAPTIONS.test(run.stdout.toString("utf8"));
}

/** ffprobe reads each place from the keyframe before it on, from which it would count a length: an end is a time. */
function intervals(duration_s: number | null): string {
  const places_s = PLACES.map((place) => place * (duration_s ?? 0)).filter((place_s) => place_s > 0);
  return [
    `%+#${PACKETS}`,
    ...places_s.map((at_s) => `${at_s.toFixed(3)}%${(at_s + PLACE_S).toFixed(3)}`),
  ].join(",");
}

/** Captions come with nearly every picture where somebody speaks. */
const PACKETS = 120;
const PLACES = [0.2, 0.4, 0.6, 0.8];
const PLACE_S = 2;

/** As ffprobe and ffmpeg's filter showinfo name them. */
export const CAPTIONS = /closed captions/i;
