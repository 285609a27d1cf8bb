import type { MediaInfo } from "../shared/media.ts";
import { errorsOnly, guardOptions, sourceUrl } from "./guard.ts";
import { withHeldPictures } from "./held-picture.ts";
import { joinedFile } from "./joined.ts";
import { PROBE_MEMORY } from "./limits.ts";
import { createLines } from "./lines.ts";
import { lookAtColor, mayBeHdr } from "./look-hdr.ts";
import { withParts } from "./look-parts.ts";
import { parseProbe } from "./probe.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { filmSignature } from "./signature.ts";
import { openSource } from "./source.ts";
import { runTool, type ToolRun } from "./tool.ts";

/** `untold`: only the time at which it is decoded is known, which then stands for the one at which it is shown. */
export type Packet = { stream_index: number; pts_s: number; duration_s: number; untold: boolean };

/**
 * What ffprobe says of a file: a MediaInfo, or why it is none. Never opens anything but the file itself. With
 * `onPacket` it reads the whole file and tells every packet that has a time. `path` may be a stream's address.
 * Throws VcError("storage") if the file cannot be read, VcError("unreachable") if a stream breaks off, and
 * VcError("ffmpeg") if ffprobe cannot be started.
 */
export async function inspect(of: {
  ffprobe_path: string;
  path: string;
  onPacket?: (packet: Packet) => void;
  signal?: AbortSignal | undefined;
}): Promise<{ media: MediaInfo } | { refusal: Refusal }> {
  const begin = await readBegin(of.path);
  if (begin === null) return refusal("skipped", "source_missing", "The file is not there any more.");
  if (begin.size === 0) {
    return refusal(
      "permanent",
      "source_damaged",
      "The file is empty: its copy or download was never finished.",
    );
  }
  const answer = readAnswer(of.onPacket);
  const run = await runTool({
    argv: probeCommand(of),
    limit_ms: of.onPacket === undefined ? PROBE_LIMIT_MS : MEASURE_LIMIT_MS,
    max_bytes: of.onPacket === undefined ? MAX_JSON_BYTES : Number.POSITIVE_INFINITY,
    max_memory_bytes: PROBE_MEMORY,
    signal: of.signal,
    onOutput: answer.add,
  });
  if (run.code !== 0 || run.too_long || run.too_large) return unreadable(run, begin.head);
  const parsed = parseProbe(JSON.parse(answer.json()), begin.size);
  if ("refusal" in parsed) return parsed;
  parsed.media.format = joinedFile(of.path)?.format ?? parsed.media.format;
  const held = await withParts(of.path, await withHeldPictures(of.path, parsed.media));
  return { media: await withColors(of, held) };
}

/** The stream headers of HDR films leave much to their pictures. */
async function withColors(of: Parameters<typeof inspect>[0], media: MediaInfo): Promise<MediaInfo> {
  const video: MediaInfo["video"] = [];
  for (const film of media.video) video.push(mayBeHdr(film) ? await lookAtColor({ ...of, film }) : film);
  return { ...media, video };
}

function probeCommand({ ffprobe_path, path, onPacket }: Parameters<typeof inspect>[0]): string[] {
  // Encryption shows only at the packets: of the tracks ffprobe tells what they would be without it.
  const first = ["-show_packets", "-read_intervals", "%+#4"];
  const every = ["-show_entries", "packet=stream_index,pts_time,dts_time,duration_time,flags"];
  const shown = [
    "-show_format",
    "-show_streams",
    "-show_chapters",
    ...(onPacket === undefined ? first : every),
  ];
  return [
    ffprobe_path,
    ...errorsOnly(path),
    ...guardOptions(path),
    ...shown,
    "-of",
    "json=compact=1",
    sourceUrl(path),
  ];
}

/** Compact JSON begins each packet on a line; those are handed on at once, so that a long film needs no more memory. */
function readAnswer(onPacket: ((packet: Packet) => void) | undefined) {
  const kept: string[] = [];
  let packets = false;
  const lines = createLines((line) => {
    if (packets && line === PACKETS_END) packets = false;
    const packet = packets ? parsePacket(line) : null;
    if (packet !== null) onPacket?.(packet);
    if (!packets) kept.push(line);
    if (onPacket !== undefined && line === PACKETS_BEGIN) packets = true;
  });
  return {
    add: lines.add,
    json() {
      lines.end();
      return kept.join("\n");
    },
  };
}

const PACKETS_BEGIN = '    "packets": [';
const PACKETS_END = "    ],";
const STREAM_INDEX = /^ *\{ "stream_index": (\d+)/;
const PTS = /"pts_time": "(-?[\d.]+)"/;
const DTS = /"dts_time": "(-?[\d.]+)"/;
const DISCARDED = /"flags": "[^"]*D/;
const DURATION = /"duration_time": "([\d.]+)"/;

/**
 * Such as `{ "stream_index": 0, "pts_time": "1.040000", "duration_time": "0.040000", "flags": "K_" },`; null where there is no time, and where
 * an edit list says that the packet (flag D) is not shown.
 */
function parsePacket(line: string): Packet | null {
  const stream_index = STREAM_INDEX.exec(line)?.[1];
  const pts_s = PTS.exec(line)?.[1];
  const time_s = pts_s ?? DTS.exec(line)?.[1];
  if (stream_index === undefined || time_s === undefined || DISCARDED.test(line)) return null;
  return {
    ...{ stream_index: Number(stream_index), pts_s: Number(time_s), untold: pts_s === undefined },
    duration_s: Number(DURATION.exec(line)?.[1] ?? 0),
  };
}

/** A probe takes 40 to 90 ms; a minute is for disks that must wake up and slow networks. */
const PROBE_LIMIT_MS = 60_000;
/** The largest film over the slowest network that anyone would wait for. */
const MEASURE_LIMIT_MS = 6 * 3600 * 1000;
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const HEAD_BYTES = 65_536;

async function readBegin(path: string): Promise<{ size: number; head: Uint8Array } | null> {
  const source = await openSource(path);
  if (source === null) return null;
  try {
    return { size: source.size, head: await source.read({ at: 0, length: HEAD_BYTES }) };
  } finally {
    await source.close();
  }
}

function unreadable(run: ToolRun, head: Uint8Array): { refusal: Refusal } {
  if (run.timed_out) return refusal("retry", "stalled", "ffprobe did not answer within 60 s.");
  if (run.too_large || run.too_long) {
    const what = run.too_large ? "memory" : "words";
    return refusal(
      "permanent",
      "unsupported",
      `To say what the file holds, ffprobe took more ${what} than any film needs; the file is damaged or hostile.`,
    );
  }
  const kind = filmSignature(head);
  const said = lastLine(run.stderr);
  if (/exceeds specified max pixel count/.test(run.stderr)) {
    return refusal("permanent", "unsupported", "The file claims a picture of more than 8192x8192 pixels.");
  }
  if (kind !== null) {
    return refusal(
      "permanent",
      "source_damaged",
      `The file begins like ${kind}, but cannot be read: ${said}. It is damaged, or was cut off while copying.`,
    );
  }
  if (head.every((byte) => byte === 0)) {
    return refusal(
      "permanent",
      "source_damaged",
      "The file holds only zeros where a film should begin; its copy or download was never finished.",
    );
  }
  // How libavformat refuses a format that is not on the list.
  if (said === "Invalid argument") {
    return refusal(
      "skipped",
      "not_a_video",
      "This is not a video file but a playlist, a picture or the like.",
    );
  }
  return refusal("skipped", "not_a_video", `This is not a video file (ffprobe: ${said}).`);
}

function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return (
    line
      .replace(/^(?:\[[^\]]*\] )+/, "")
      .replace(/^file:.*: /, "")
      .slice(0, 200) || "no reason given"
  );
}
