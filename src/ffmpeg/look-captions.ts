import type { FfmpegInfo } from "../shared/capabilities.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { captureTool } from "./tool.ts";

/** Whether the first pictures of a film carry closed captions (EIA-608, CTA-708), of which containers say nothing. */
export async function showsCaptions(of: {
  ffmpeg: FfmpegInfo;
  path: string;
  signal: AbortSignal;
}): Promise<boolean> {
  const run = await captureTool({
    argv: [
      ...[of.ffmpeg.ffprobe_path, ...errorsOnly(of.path), "-threads", "1", ...guardOptions(of.path)],
      ...["-select_streams", "v:0", "-read_intervals", `%+#${PACKETS}`, "-show_frames"],
      ...["-show_entries", "frame=key_frame:frame_side_data", "-of", "json=compact=1", sourceUrl(of.path)],
    ],
    limit_ms: 60_000,
    max_bytes: 4_000_000,
    max_memory_bytes: PROBE_MEMORY,
    signal: of.signal,
  });
  return CAPTIONS.test(run.stdout.toString("utf8"));
}

/** Captions come with nearly every picture, but with nothing to say they may begin late. */
const PACKETS = 120;

/** As ffprobe and ffmpeg's filter showinfo name them. */
export const CAPTIONS = /closed captions/i;
