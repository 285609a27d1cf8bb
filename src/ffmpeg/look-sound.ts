import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { AudioStream, MediaInfo } from "../shared/media.ts";
import { createAdtsReader } from "./adts.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { createLines } from "./lines.ts";
import { runTool } from "./tool.ts";

type Of = {
  ffmpeg: FfmpegInfo;
  path: string;
  media: MediaInfo;
  /** Whether tracks are to be copied: some of those must be read wholly then. */
  copies: boolean;
  signal?: AbortSignal | undefined;
};

/**
 * The file with what the beginning of it does not tell of its sound: tracks that begin later, those that hold nothing,
 * and AAC in ADTS whose form changes on the way. Reads ten seconds, and further only where a track does not show itself.
 * Throws VcError("ffmpeg") if ffmpeg does not start.
 */
export async function lookAtSound(of: Of): Promise<MediaInfo> {
  if (of.media.audio.length === 0) return of.media;
  const seen = await readBeginning(of);
  const audio: AudioStream[] = [];
  for (const track of of.media.audio) {
    const found = seen.has(track.index) ? track : await findFirst(of, track);
    audio.push(await steadiness(of, found));
  }
  return { ...of.media, audio };
}

/** The streams that have packets near the file's start. */
async function readBeginning(of: Of): Promise<Set<number>> {
  const seen = new Set<number>();
  const lines = createLines((line) => seen.add(Number.parseInt(line, 10)));
  await runTool({
    argv: [
      ...[
        of.ffmpeg.ffprobe_path,
        ...errorsOnly(of.path),
        ...guardOptions(of.path),
        "-read_intervals",
        "%+10",
      ],
      ...["-show_entries", "packet=stream_index", "-of", "csv=p=0", sourceUrl(of.path)],
    ],
    ...LIMITS,
    signal: of.signal,
    onOutput: lines.add,
  });
  lines.end();
  return seen;
}

/** Where the header says nothing of the sound's form, the first sound does, however late. */
async function findFirst(of: Of, track: AudioStream): Promise<AudioStream> {
  let first: RegExpExecArray | null = null;
  const run = await runTool({
    argv: [
      ...[of.ffmpeg.path, "-hide_banner", "-nostdin", "-nostats", "-v", "info", ...guardOptions(of.path)],
      ...["-i", sourceUrl(of.path), "-map", `0:${track.index}`, "-frames:a", "1", "-af", "ashowinfo"],
      ...["-f", "null", "-"],
    ],
    ...LIMITS,
    signal: of.signal,
    onOutput: () => undefined,
    onMessage: (line) => {
      first ??= SHOWN.exec(line);
    },
  });
  if (run.timed_out || run.too_large) return track;
  const [, channels, layout, rate] = (first as RegExpExecArray | null) ?? [];
  if (channels === undefined) return { ...track, empty: track.codec !== "unknown" };
  if (track.channels > 0 && track.sample_rate > 0) return track;
  const told = { channels: Number(channels), channel_layout: layout ?? null, sample_rate: Number(rate) };
  return { ...track, ...told, unsteady: true };
}

/** Such as `n:0 pts:0 pts_time:0 fmt:fltp channels:6 chlayout:5.1(side) rate:48000 nb_samples:1536 ...`. */
const SHOWN = /ashowinfo.* n:\d+ .* channels:(\d+) chlayout:(.+?) rate:(\d+) /;

/** Every frame of AAC in ADTS has a header of its own; elsewhere one stands for all of them. */
async function steadiness(of: Of, track: AudioStream): Promise<AudioStream> {
  if (!of.copies || track.codec !== "aac" || !["mpegts", "aac"].includes(of.media.format)) return track;
  const adts = createAdtsReader();
  await runTool({
    argv: [
      ...[
        of.ffmpeg.path,
        "-hide_banner",
        "-nostdin",
        "-nostats",
        ...errorsOnly(of.path),
        ...guardOptions(of.path),
      ],
      ...["-i", sourceUrl(of.path), "-map", `0:${track.index}`, "-c", "copy", "-f", "adts", "pipe:1"],
    ],
    ...LIMITS,
    signal: of.signal,
    onOutput: adts.add,
  });
  return adts.forms() > 1 ? { ...track, unsteady: true } : track;
}

/** A track that is nowhere is looked for until the file's end. */
const LIMITS = {
  limit_ms: 3600_000,
  max_bytes: Number.POSITIVE_INFINITY,
  max_memory_bytes: PROBE_MEMORY,
};
