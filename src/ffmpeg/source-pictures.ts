import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
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
  let said = 0;
  const run = await runTool({
    argv: command(of),
    limit_ms: LIMIT_MS,
    max_bytes: Number.POSITIVE_INFINITY,
    signal: of.signal,
    onOutput: lines.add,
    onMessage: (line) => {
      if (isInside(line)) said += 1;
    },
  });
  lines.end();
  const counted = count.result(said);
  return run.timed_out || counted.pictures === 0 ? null : counted;
}

const LIMIT_MS = 6 * 3600 * 1000;

function command({ ffprobe_path, path, stream }: Parameters<typeof findBrokenPictures>[0]): string[] {
  return [
    ...[ffprobe_path, ...errorsOnly(path), "-threads", "1", ...guardOptions(path)],
    // 16 is libavutil's AV_LOG_ERROR.
    ...["-select_streams", String(stream), "-show_frames", "-show_log", "16"],
    ...["-show_entries", "frame=key_frame:log=message", "-of", "compact", sourceUrl(path)],
  ];
}

/**
 * Reads `frame|key_frame=1|...` and `log|message=...`; the first message of a frame stands in the frame's own line.
 * A decoder speaks of a picture while it gives out an earlier one, so that the damage may begin only after the next
 * keyframe: the first that heals it is one at some distance, or the second of two in a row. ffprobe forgets what is
 * said while no picture comes out, at the film's beginning above all; those among all complaints that `said` counts
 * cost the pictures between two keyframes.
 */
export function createCount(): { read(line: string): void; result(said: number): BrokenPictures } {
  let pictures = 0;
  let broken = 0;
  let key = false;
  let keys = 0;
  let told = 0;
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
    if (now_key) keys += 1;
  };
  return {
    read(line) {
      if (line.startsWith("frame|")) next(/\|key_frame=1(?:\||$)/.test(line));
      if (!line.includes("message=") || !isPictureDamage(line)) return;
      if (isInside(line)) told += 1;
      if (keys === 0) return;
      if (since === null) broken += 1;
      since = 0;
    },
    result: (said) => {
      const unplaced = said > told && keys > 0 ? Math.ceil(pictures / keys) : 0;
      return { pictures, broken: broken + unplaced };
    },
  };
}

/** Damage inside a picture; a recording that was cut in begins with pictures whose headers are not there. */
function isInside(line: string): boolean {
  return isPictureDamage(line) && !/decode_slice_header|Invalid data|submitting packet/i.test(line);
}

/** Frames that a decoder holds back: at most 16 in H.264 and HEVC. */
const EARLY = 16;
/** Where there are no keyframes, the picture is renewed bit by bit within some seconds. */
const LONGEST = 300;
