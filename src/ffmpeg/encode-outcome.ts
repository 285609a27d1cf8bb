import type { EncodeRun, Stop } from "./encode.ts";
import type { Failure } from "./ladder.ts";
import type { Refusal } from "./refusal.ts";

/** Why a run of ffmpeg gave no result; null if it gave one, which then has to be verified. */
export function judgeRun(
  run: EncodeRun,
  limits: { ffmpeg_timeout_ms: number; stall_timeout_ms: number },
): Refusal | null {
  if (run.stopped !== null && run.stopped !== "end_hang") return stopped(run.stopped, run.undead, limits);
  if (run.log.cut !== null) {
    const message = `The stream of the source broke off: ${strip(run.log.cut)}`;
    return { outcome: "retry", reason: "transfer_failed", message };
  }
  // When only the trailer did not fit, ffmpeg ends with 0 all the same.
  if (run.log.disk_full) {
    return { outcome: "retry", reason: "disk_full", message: "The disk of the results is full." };
  }
  if (run.stopped === "end_hang" || run.code === 0) return null;
  const how = run.signal === null ? `with exit code ${run.code}` : `by ${run.signal}`;
  const said = lastError(run.log.tail);
  if (run.signal === null && (run.code === TOO_MANY_ERRORS || nothingRead(run))) {
    const message = `The film could not be decoded: ${said}.`;
    return { outcome: "permanent", reason: "source_damaged", message };
  }
  return { outcome: "retry", reason: "ffmpeg_failed", message: `ffmpeg ended ${how}: ${said}` };
}

export function howEnded({ stopped, signal }: EncodeRun): Failure["how"] {
  if (stopped === "stalled" || stopped === "end_hang") return "hung";
  return stopped === null && signal !== null ? "crashed" : "failed";
}

/** ffmpeg's exit code when more than two thirds of the frames could not be decoded (-max_error_rate). */
const TOO_MANY_ERRORS = 69;

function stopped(
  why: Stop,
  undead: boolean,
  limits: { ffmpeg_timeout_ms: number; stall_timeout_ms: number },
): Refusal {
  const end = undead ? "could not be ended, even by SIGKILL: its driver holds it" : "was ended";
  if (why === "stalled") {
    const message = `ffmpeg made no progress for ${limits.stall_timeout_ms / 1000} s (stall_timeout) and ${end}.`;
    return { outcome: "retry", reason: "stalled", message };
  }
  if (why === "ffmpeg_timeout") {
    const message = `ffmpeg ran longer than ffmpeg.timeout (${limits.ffmpeg_timeout_ms / 1000} s) and ${end}.`;
    return { outcome: "retry", reason: "ffmpeg_timeout", message };
  }
  if (why === "memory" || why === "result_size") {
    const what = why === "memory" ? "took more memory" : "made a larger file";
    const message = `ffmpeg ${what} than any good film needs and ${end}: the source may be damaged or hostile.`;
    return { outcome: "retry", reason: "ffmpeg_failed", message };
  }
  return { outcome: "retry", reason: "cancelled", message: "The attempt was stopped on request." };
}

/** Complaints about the source and not one frame: another try would end the same. */
function nothingRead({ log, report }: EncodeRun): boolean {
  return log.damage.lines > 0 && (report.frame ?? 0) === 0;
}

/** What ffmpeg gave as its reason, by its messages with `-loglevel level`; one line. */
export function lastError(tail: string): string {
  const lines = tail.split("\n").filter((line) => /\[(?:error|fatal|panic)\]/.test(line));
  const line =
    lines.find((one) => !/Conversion failed|Error while (?:filtering|opening)/.test(one)) ?? lines[0];
  return strip(line ?? "it said nothing");
}

/** Without the part of ffmpeg that spoke, and how bad it is. */
function strip(line: string): string {
  return line.replace(/(?:\[[^\]]*\] ?)+/, "").slice(0, 300);
}
