import { fileUrl, guardOptions } from "./guard.ts";
import type { Plan } from "./plan.ts";
import { runTool } from "./tool.ts";

/**
 * Reads every picture and every sound of a result that can be decoded; anything that ffmpeg complains about is a failure,
 * and `said` the first of it. Throws VcError("ffmpeg") if ffmpeg does not start.
 */
export async function decodeWhole(of: {
  ffmpeg_path: string;
  plan: Pick<Plan, "audio">;
  path: string;
  signal: AbortSignal;
}): Promise<{ failed: boolean; said: string }> {
  const { audio } = of.plan;
  const heard = audio.flatMap((track, n) => (isUndecodable(track) ? [] : ["-map", `0:a:${n}`]));
  const complaints = createComplaints(audio.filter(isUndecodable).map(({ codec }) => codec));
  const run = await runTool({
    argv: [
      // Each line with how bad it is: what is no more than told shows when the decoding begins.
      ...[of.ffmpeg_path, "-hide_banner", "-nostdin", "-nostats", "-v", "repeat+level+info", "-xerror"],
      ...[...guardOptions(of.path), "-i", fileUrl(of.path), "-map", "0:v", ...heard],
      // In units of a frame, two of a variable rate would be at the same time.
      ...["-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "null", "-"],
    ],
    limit_ms: DECODE_LIMIT_MS,
    max_bytes: 1024,
    signal: of.signal,
    onOutput: () => undefined,
    onMessage: complaints.read,
  });
  const said = complaints.first();
  return { failed: run.code !== 0 || said !== null, said: said ?? `exit code ${run.code}` };
}

/**
 * Takes ffmpeg's lines, and keeps the first complaint. Before ffmpeg begins it tries every track and says what it thinks
 * of each: by codec, so that there those of the codecs that nobody can decode count for nothing. Afterwards it decodes only
 * what it was told to, and every complaint counts, also about another track of such a codec.
 */
export function createComplaints(undecodable: string[]): {
  read(line: string): void;
  first(): string | null;
} {
  const unheard = new Set(undecodable.map((codec) => DECODERS[codec] ?? codec));
  let begun = false;
  let first: string | null = null;
  return {
    read(line) {
      begun ||= line.startsWith("[info] Stream mapping:");
      const speaker = COMPLAINT.exec(line);
      if (speaker === null || (!begun && unheard.has(speaker[1]?.toLowerCase() ?? ""))) return;
      first ??= line.replace(/\[(?:error|fatal|panic)\] /, "");
    },
    first: () => first,
  };
}

/** Such as `[mp3float @ 0x55d0] [error] Header missing`, `[Vorbis parser @ 0x55d0] [error] Invalid packet` and `[fatal] ...`. */
const COMPLAINT = /^(?:\[(\S+)[^\]]* @ [^\]]*\] )*\[(?:error|fatal|panic)\] \s*\S/;

/** libavcodec's first ones for codecs of other names. */
const DECODERS: Record<string, string> = { dts: "dca", mp3: "mp3float" };

function isUndecodable(track: Plan["audio"][number]): boolean {
  return track.action === "copy" && track.undecodable === true;
}

const DECODE_LIMIT_MS = 24 * 3600 * 1000;
