import type { Progress } from "../shared/job.ts";

/** One block of ffmpeg's `-progress`: what is known so far. `out_time_s` is the end of what was written. */
export type Report = {
  frame: number | null;
  fps: number | null;
  speed: number | null;
  out_time_s: number | null;
  total_size: number | null;
  ended: boolean;
};

export const NO_REPORT: Report = {
  frame: null,
  fps: null,
  speed: null,
  out_time_s: null,
  total_size: null,
  ended: false,
};

/**
 * Takes one line into the report; null if the line is no progress line. `out_time_ms` is left alone: it holds
 * microseconds, in spite of its name.
 */
export function readProgressLine(report: Report, line: string): Report | null {
  const match = /^([a-z0-9_]+)=\s*(\S*)\s*$/.exec(line);
  if (match === null) return null;
  const [, key = "", value = ""] = match;
  if (key === "frame" || key === "total_size") return { ...report, [key]: numberOf(value) };
  // Until ffmpeg has counted for half a second it prints 0.0.
  if (key === "fps") return { ...report, fps: numberOf(value) || null };
  if (key === "speed") return { ...report, speed: numberOf(value.replace(/x$/, "")) };
  if (key === "out_time_us")
    return { ...report, out_time_s: furthest(report.out_time_s, microseconds(value)) };
  if (key === "progress") return { ...report, ended: value === "end" };
  return KEYS.test(key) ? report : null;
}

/** Of the whole film; percent stays below 100 until ffmpeg says that it has ended. */
export function toProgress(report: Report, duration_s: number | null): Progress {
  const done_s = Math.max(0, report.out_time_s ?? 0);
  const percent = duration_s === null ? 0 : Math.min(report.ended ? 100 : 99.9, (done_s / duration_s) * 100);
  const left_s = duration_s === null ? null : Math.max(0, duration_s - done_s);
  const speed = report.speed ?? 0;
  const eta_s = left_s !== null && done_s > 0 && speed > 0 ? left_s / speed : null;
  return {
    stage: "encoding",
    percent: Math.round((report.ended ? 100 : percent) * 10) / 10,
    fps: report.fps,
    speed: report.speed,
    eta_s: eta_s === null ? null : Math.min(Math.round(eta_s), LONGEST_ETA_S),
  };
}

/** Longer than anybody waits: a film that hardly moves. */
const LONGEST_ETA_S = 1e9;

const KEYS = /^(?:bitrate|out_time|out_time_ms|dup_frames|drop_frames|stream_\d+_\d+_\w+)$/;

function numberOf(text: string): number | null {
  const value = Number(text);
  return text === "" || !Number.isFinite(value) || value < 0 ? null : value;
}

/** Tracks take turns, so that ffmpeg's time may step back. */
function furthest(before: number | null, now: number | null): number | null {
  return before === null || now === null ? (now ?? before) : Math.max(before, now);
}

/** Before the first packet ffmpeg prints N/A, or the smallest number there is. */
function microseconds(text: string): number | null {
  const value = numberOf(text);
  return value === null ? null : value / 1_000_000;
}
