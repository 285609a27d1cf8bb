import { VcError } from "../shared/errors.ts";
import { fileUrl, guardOptions } from "./guard.ts";
import { createTimeline, type Timeline } from "./timeline.ts";
import { runTool } from "./tool.ts";

/**
 * The timelines of all streams of a file, by index, from its packets: a seventh of the cost of decoding it.
 * Throws VcError("ffmpeg") if ffprobe cannot read the file to its end.
 */
export async function measure(of: {
  ffprobe_path: string;
  path: string;
  signal?: AbortSignal | undefined;
}): Promise<Map<number, Timeline>> {
  const timelines = new Map<number, ReturnType<typeof createTimeline>>();
  const lines = createLines((line) => {
    const packet = parsePacket(line);
    if (packet === null) return;
    const timeline = timelines.get(packet.stream_index) ?? createTimeline();
    timelines.set(packet.stream_index, timeline);
    timeline.add(packet.pts_s, packet.duration_s);
  });
  const shown = ["-show_entries", "packet=stream_index,pts_time,duration_time", "-of", "compact=p=0"];
  const run = await runTool({
    argv: [of.ffprobe_path, "-v", "error", ...guardOptions(), ...shown, fileUrl(of.path)],
    limit_ms: MEASURE_LIMIT_MS,
    max_bytes: Number.POSITIVE_INFINITY,
    signal: of.signal,
    onOutput: lines.add,
  });
  if (run.code !== 0)
    throw new VcError("ffmpeg", `ffprobe could not read ${of.path}: ${run.stderr.slice(0, 500)}`);
  return new Map([...timelines].map(([index, timeline]) => [index, timeline.result()]));
}

/** The largest film over the slowest network that anyone would wait for. */
const MEASURE_LIMIT_MS = 6 * 3600 * 1000;

function createLines(onLine: (line: string) => void): { add(piece: Uint8Array): void } {
  const decoder = new TextDecoder();
  let rest = "";
  return {
    add(piece) {
      const parts = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      parts.forEach(onLine);
    },
  };
}

/** Such as `stream_index=0|pts_time=1.040000|duration_time=0.040000`; null where there is no time. */
function parsePacket(line: string): { stream_index: number; pts_s: number; duration_s: number } | null {
  const fields = new Map(line.split("|").map((field) => field.split("=", 2) as [string, string]));
  const stream_index = Number(fields.get("stream_index"));
  const pts_s = Number(fields.get("pts_time"));
  if (!Number.isSafeInteger(stream_index) || !Number.isFinite(pts_s)) return null;
  const duration_s = Number(fields.get("duration_time"));
  return { stream_index, pts_s, duration_s: Number.isFinite(duration_s) ? duration_s : 0 };
}
