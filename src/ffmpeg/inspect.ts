import { open } from "node:fs/promises";
import { systemCode, VcError } from "../shared/errors.ts";
import type { MediaInfo } from "../shared/media.ts";
import { fileUrl, guardOptions } from "./guard.ts";
import { parseProbe } from "./probe.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { filmSignature } from "./signature.ts";
import { captureTool, type ToolRun } from "./tool.ts";

/**
 * What ffprobe says of a file: a MediaInfo, or why it is none. Never opens anything but the file itself.
 * Throws VcError("storage") if the file cannot be read, VcError("ffmpeg") if ffprobe cannot be started.
 */
export async function inspect(of: {
  ffprobe_path: string;
  path: string;
  signal?: AbortSignal | undefined;
}): Promise<{ media: MediaInfo } | { refusal: Refusal }> {
  const begin = await readBegin(of.path);
  if (begin === null) return refusal("skipped", "source_missing", "The file is not there any more.");
  if (begin.size === 0) return refusal("skipped", "not_a_video", "The file is empty.");
  const run = await captureTool({
    argv: probeCommand(of.ffprobe_path, of.path),
    limit_ms: PROBE_LIMIT_MS,
    max_bytes: MAX_JSON_BYTES,
    signal: of.signal,
  });
  if (run.code !== 0 || run.too_long) return unreadable(run, begin.head);
  return parseProbe(JSON.parse(run.stdout.toString("utf8")), begin.size);
}

function probeCommand(ffprobe_path: string, path: string): string[] {
  // Encryption shows only at the packets: of the tracks ffprobe tells what they would be without it.
  const packets = ["-show_packets", "-read_intervals", "%+#4"];
  const shown = ["-show_format", "-show_streams", "-show_chapters", ...packets, "-of", "json"];
  return [ffprobe_path, "-v", "error", ...guardOptions(), ...shown, fileUrl(path)];
}

/** A probe takes 40 to 90 ms; a minute is for disks that must wake up and slow networks. */
const PROBE_LIMIT_MS = 60_000;
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const HEAD_BYTES = 65_536;

async function readBegin(path: string): Promise<{ size: number; head: Uint8Array } | null> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return { size, head: buffer.subarray(0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return null;
    throw new VcError("storage", `${path} cannot be read (${systemCode(cause) ?? cause}).`, { cause });
  }
}

function unreadable(run: ToolRun, head: Uint8Array): { refusal: Refusal } {
  if (run.timed_out) return refusal("retry", "stalled", "ffprobe did not answer within 60 s.");
  const kind = filmSignature(head);
  const said = lastLine(run.stderr);
  if (/exceeds specified max pixel count/.test(run.stderr)) {
    return refusal("permanent", "unsupported", "The file claims a picture of more than 8192x8192 pixels.");
  }
  if (kind !== null) {
    return refusal(
      "permanent",
      "source_damaged",
      `The file begins like ${kind}, but cannot be read: ${said}. It was probably cut off while copying.`,
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
