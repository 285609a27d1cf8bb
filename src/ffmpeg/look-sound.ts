import type { FfmpegInfo } from "../shared/capabilities.ts";
import type { AudioStream, MediaInfo } from "../shared/media.ts";
import { createAdtsReader } from "./adts.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { createLines } from "./lines.ts";
import { isCut } from "./log.ts";
import { isLossless } from "./plan-audio-keep.ts";
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
 * The file with what the header of it does not tell of its sound: tracks that begin later, those that hold nothing, those
 * that this ffmpeg cannot decode, AAC in ADTS whose form changes on the way, and sound of an mp4 that is not to be heard. Reads ten seconds at most, and further
 * only where a track gives no sound there.
 * Throws VcError("ffmpeg") if ffmpeg does not start.
 */
export async function lookAtSound(of: Of): Promise<MediaInfo> {
  if (of.media.audio.length === 0) return of.media;
  const heard = await hearBeginning(of);
  const seen = of.media.audio.every(({ index }) => heard.has(index)) ? heard : await readBeginning(of);
  // Lossless tracks may be copied whatever is asked of the others.
  const copied = of.copies || of.media.audio.some(isLossless);
  const firsts = copied && of.media.format.startsWith("mov") ? await readFirsts(of) : new Map();
  const audio: AudioStream[] = [];
  for (const track of of.media.audio) {
    const found = heard.has(track.index) ? track : await findFirst(of, track, seen.has(track.index));
    const steady = await steadiness(of, found);
    const first_s = firsts.get(track.index) ?? 0;
    audio.push(first_s < 0 ? { ...steady, hidden_s: -first_s } : steady);
  }
  return { ...of.media, audio };
}

/** The tracks that give sound near the file's start; none where one of them keeps ffmpeg from starting. */
async function hearBeginning(of: Of): Promise<Set<number>> {
  const heard = new Set<number>();
  const known = of.media.audio.filter(({ codec, channels }) => codec !== "unknown" && channels > 0);
  if (known.length === 0) return heard;
  // An output for each: older ffmpegs end all tracks of an output with the first one.
  const outputs = known.flatMap(({ index }) => [
    ...["-map", `0:${index}`, "-frames:a", "1", "-af", `ashowinfo@track${index}`, "-f", "null", "-"],
  ]);
  await runTool({
    argv: [...listening(of), "-t", "10", "-i", sourceUrl(of.path), ...outputs],
    ...LIMITS,
    signal: of.signal,
    onOutput: () => undefined,
    onMessage: (line) => {
      const track = SHOWN.test(line) ? HEARD.exec(line)?.[1] : undefined;
      if (track !== undefined) heard.add(Number(track));
    },
  });
  return heard;
}

const HEARD = /ashowinfo@track(\d+) /;

function listening(of: Of): string[] {
  return [of.ffmpeg.path, "-hide_banner", "-nostdin", "-nostats", "-v", "info", ...guardOptions(of.path)];
}

/** The streams that have packets near the file's start. */
async function readBeginning(of: Of): Promise<Set<number>> {
  const seen = new Set<number>();
  await listPackets(of, { within_s: 10, onPacket: (index) => seen.add(index) });
  return seen;
}

/** When the first packet of each stream is to be heard, in seconds; below zero: not at all. */
async function readFirsts(of: Of): Promise<Map<number, number>> {
  const firsts = new Map<number, number>();
  const onPacket = (index: number, at_s: number) => {
    if (!firsts.has(index) && Number.isFinite(at_s)) firsts.set(index, at_s);
  };
  await listPackets(of, { within_s: 0.5, onPacket });
  return firsts;
}

async function listPackets(
  of: Of,
  { within_s, onPacket }: { within_s: number; onPacket: (index: number, at_s: number) => void },
): Promise<void> {
  const lines = createLines((line) => {
    const [index = "", at_s = ""] = line.split(",");
    onPacket(Number.parseInt(index, 10), Number.parseFloat(at_s));
  });
  await runTool({
    argv: [
      ...[of.ffmpeg.ffprobe_path, ...errorsOnly(of.path), ...guardOptions(of.path)],
      ...["-read_intervals", `%+${within_s}`, "-show_entries", "packet=stream_index,pts_time"],
      ...["-of", "csv=p=0", sourceUrl(of.path)],
    ],
    ...LIMITS,
    signal: of.signal,
    onOutput: lines.add,
  });
  lines.end();
}

/**
 * Where the header says nothing of the sound's form, the first sound does, however late. Without any, ffmpeg must have
 * said that it cannot decode the track, and have read the file, to be believed that.
 */
async function findFirst(of: Of, track: AudioStream, seen: boolean): Promise<AudioStream> {
  if (track.codec === "unknown") return track;
  let first: RegExpExecArray | null = null;
  let refused = false;
  let cut = false;
  const run = await runTool({
    argv: [
      ...listening(of),
      ...["-i", sourceUrl(of.path), "-map", `0:${track.index}`, "-frames:a", "1", "-af", "ashowinfo"],
      ...["-f", "null", "-"],
    ],
    ...LIMITS,
    signal: of.signal,
    onOutput: () => undefined,
    onMessage: (line) => {
      first ??= SHOWN.exec(line);
      refused ||= REFUSED.test(line);
      cut ||= isCut(line);
    },
  });
  if (run.timed_out || run.too_large || cut) return track;
  const [, channels, layout, rate] = (first as RegExpExecArray | null) ?? [];
  if (channels === undefined) return { ...track, undecodable: refused, empty: !refused && !seen };
  if (track.channels > 0 && track.sample_rate > 0) return track;
  const told = { channels: Number(channels), channel_layout: layout ?? null, sample_rate: Number(rate) };
  return { ...track, ...told, unsteady: true };
}

/** Such as `n:0 pts:0 pts_time:0 fmt:fltp channels:6 chlayout:5.1(side) rate:48000 nb_samples:1536 ...`. */
const SHOWN = /ashowinfo.* n:\d+ .* channels:(\d+) chlayout:(.+?) rate:(\d+) /;

/** As ffmpeg 5, and as later ones say it; and of a codec that it knows but has no decoder for. */
const REFUSED =
  /Error while decoding stream|Error submitting packet to decoder|no decoder found|Decoder .* not found/i;

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
