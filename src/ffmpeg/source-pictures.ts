import { fileUrl, guardOptions } from "./guard.ts";
import { createLines } from "./lines.ts";
import { isPictureDamage } from "./log.ts";
import { runTool } from "./tool.ts";

/** How many pictures of a film its decoder did not get whole, those included that are drawn from such ones. */
export type BrokenPictures = { pictures: number; broken: number };

/**
 * Decodes a film that ffmpeg complained about once more, now with each complaint beside its picture: the picture and
 * all after it up to the next keyframe may show the damage. What comes before the first keyframe of a recording that
 * was cut in is not counted. Null if ffprobe could not read it. Costs one decode of the film.
 * Throws VcError("ffmpeg") if ffprobe does not start.
 */
export async function findBrokenPictures(of: {
  ffprobe_path: string;
  path: string;
  stream: number;
  signal?: AbortSignal | undefined;
}): Promise<BrokenPictures | null> {
  const count = createCount();
  const lines = createLines(count.read);
  const run = await runTool({
    argv: command(of),
    limit_ms: LIMIT_MS,
    max_bytes: Number.POSITIVE_INFINITY,
    signal: of.signal,
    onOutput: lines.add,
  });
  lines.end();
  const counted = count.result();
  return run.timed_out || counted.pictures === 0 ? null : counted;
}

const LIMIT_MS = 6 * 3600 * 1000;
const THREADS = 4;

function command({ ffprobe_path, path, stream }: Parameters<typeof findBrokenPictures>[0]): string[] {
  return [
    ...[ffprobe_path, "-v", "error", "-threads", String(THREADS), ...guardOptions()],
    // 16 is libavutil's AV_LOG_ERROR.
    ...["-select_streams", String(stream), "-show_frames", "-show_log", "16"],
    ...["-show_entries", "frame=key_frame:log=message", "-of", "compact", fileUrl(path)],
  ];
}

/**
 * Reads `frame|key_frame=1|...` and `log|message=...`; the first message of a frame stands in the frame's own line.
 * A decoder speaks of a picture while it gives out an earlier one, so that the damage may begin only after the next
 * keyframe: the first that heals it is one at some distance, or the second of two in a row.
 */
export function createCount(): { read(line: string): void; result(): BrokenPictures } {
  let pictures = 0;
  let broken = 0;
  let key = false;
  let key_seen = false;
  /** Pictures since the last complaint; null where the picture is whole again. */
  let since: number | null = null;
  const next = (now_key: boolean) => {
    const healed = now_key && (key || (since ?? 0) > EARLY);
    if (healed || (since ?? 0) > LONGEST) since = null;
    if (since !== null) {
      since += 1;
      broken += 1;
    }
    pictures += 1;
    key = now_key;
    key_seen ||= now_key;
  };
  return {
    read(line) {
      if (line.startsWith("frame|")) next(/\|key_frame=1(?:\||$)/.test(line));
      if (!key_seen || !line.includes("message=") || !isPictureDamage(line)) return;
      if (since === null) broken += 1;
      since = 0;
    },
    result: () => ({ pictures, broken }),
  };
}

/** Frames that a decoder holds back (16 at most in H.264 and HEVC), and its threads. */
const EARLY = 16 + THREADS;
/** Where there are no keyframes, the picture is renewed bit by bit within some seconds. */
const LONGEST = 300;
