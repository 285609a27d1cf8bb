import { runTool, type ToolRun } from "./tool.ts";

/** How a trial ended: `why` it proved nothing (null: it proved what it was for), and ffmpeg's own last line. */
export type Outcome = { why: string | null; said: string | null; hung: boolean };

export const PROVEN: Outcome = { why: null, said: null, hung: false };

/** An outcome that is not ffmpeg's own failure. */
export function no(why: string): Outcome {
  return { why, said: null, hung: false };
}

/**
 * Runs one ffmpeg of a trial, its progress and messages (`lines`) on standard error, what it makes on standard output. It is killed (SIGKILL)
 * after `limit_ms`, and soon after it said that it has ended: some drivers never let it exit, which vc survives.
 * Throws VcError("ffmpeg") if it cannot be started.
 */
export async function runTrial(of: {
  ffmpeg_path: string;
  options: string[];
  limit_ms: number;
  exit_grace_ms?: number;
}): Promise<{ outcome: Outcome; output: Uint8Array; lines: string[] }> {
  const { exit_grace_ms = EXIT_GRACE_MS } = of;
  const pieces: Uint8Array[] = [];
  const over = new AbortController();
  let grace: Timer | undefined;
  const lines: string[] = [];
  const run = runTool({
    argv: [of.ffmpeg_path, ...GLOBAL, ...of.options],
    limit_ms: of.limit_ms,
    max_bytes: MAX_BYTES,
    signal: over.signal,
    onOutput: (piece) => pieces.push(piece),
    onMessage: (line) => {
      if (line === "progress=end") grace ??= setTimeout(() => over.abort(), exit_grace_ms);
      else if (!PROGRESS.test(line) && line.trim() !== "")
        lines[Math.min(lines.length, MAX_LINES - 1)] = line.trim();
    },
  });
  try {
    const why = whyFailed(await run, lines, of.limit_ms);
    const said = why === null ? null : (lines.at(-1) ?? null);
    return { outcome: { why, said, hung: (await run).timed_out }, output: Buffer.concat(pieces), lines };
  } catch (error) {
    if (!over.signal.aborted) throw error;
    return { outcome: PROVEN, output: Buffer.concat(pieces), lines };
  } finally {
    clearTimeout(grace);
  }
}

const GLOBAL = ["-hide_banner", "-nostdin", "-y", "-nostats", "-v", "error", "-progress", "pipe:2"];
/** Some 30 times what the pictures of a trial take. */
const MAX_BYTES = 100_000_000;
const EXIT_GRACE_MS = 5000;
const PROGRESS = /^[a-z0-9_]+=/;
const MAX_LINES = 200;

function whyFailed(run: ToolRun, lines: string[], limit_ms: number): string | null {
  if (run.timed_out) return `no answer within ${limit_ms / 1000} s`;
  if (run.too_long) return "ffmpeg never stops writing";
  if (run.signal !== null) return `ffmpeg died of ${run.signal}`;
  return run.code === 0 ? null : (cause(lines) ?? `ffmpeg ended with exit code ${run.code}`);
}

/** ffmpeg's first complaint is the cause; drivers may have warned before, and what follows only passes it on. */
function cause(lines: string[]): string | undefined {
  const first = lines.find((line) => !/warning/i.test(line)) ?? lines[0];
  return first === undefined ? undefined : complaintText(first);
}

/** What a line of ffmpeg's says, without who says it. */
export function complaintText(line: string): string {
  const text = line.replace(/^(\[[^\]]*\] )+/, "").slice(0, 200);
  return text.replace(/^Device creation failed: -?\d+\.?$/, "its device cannot be opened");
}
