import { messageOf, VcError } from "../shared/errors.ts";
import { withoutTokens } from "../shared/token.ts";
import { isStream } from "./guard.ts";
import { createLines } from "./lines.ts";
import { isCut } from "./log.ts";
import { watchMemory } from "./memory.ts";
import { networkPrefix } from "./network.ts";
import { lostStream } from "./source.ts";

export type ToolRun = {
  code: number | null;
  signal: string | null;
  stderr: string;
  timed_out: boolean;
  too_long: boolean;
  /** It was killed because it took more memory than it may. */
  too_large: boolean;
};

/**
 * Runs a short-lived program of ffmpeg's (probe, trial, picture) to its end; conversions go through process.ts.
 * `onOutput` gets standard output piece by piece, `onMessage` standard error line by line; it is killed (SIGKILL, which no program can ignore) after
 * `limit_ms`, after `max_bytes` of output, above `max_memory_bytes`, or when `signal` aborts; one that a driver holds all the same is left behind.
 * Only the last 64 kB of its messages are kept.
 * Throws VcError("ffmpeg") if it cannot be started, and VcError("unreachable") if it read from a stream that broke off:
 * what it said then is worth nothing.
 */
export async function runTool(of: {
  argv: string[];
  limit_ms: number;
  max_bytes: number;
  max_memory_bytes?: number;
  signal?: AbortSignal | undefined;
  onOutput: (piece: Uint8Array) => void;
  onMessage?: (line: string) => void;
  /** How long it may take to be gone after it was killed. */
  gone_ms?: number;
}): Promise<ToolRun> {
  of.signal?.throwIfAborted();
  const streamed = of.argv.some(isStream);
  const child = start([...(await networkPrefix(of.argv)), ...of.argv]);
  running.add(child);
  const left = Promise.withResolvers<[false, string]>();
  let timed_out = false;
  let too_large = false;
  let leaver: Timer | undefined;
  const kill = () => {
    child.kill("SIGKILL");
    leaver ??= setTimeout(() => left.resolve([false, ""]), of.gone_ms ?? GONE_MS);
  };
  const onExceeded = () => {
    too_large = true;
    kill();
  };
  const timer = setTimeout(
    () => {
      timed_out = true;
      kill();
    },
    Math.max(of.limit_ms, streamed ? STREAM_LIMIT_MS : 0),
  );
  const limit_bytes = of.max_memory_bytes ?? Number.POSITIVE_INFINITY;
  const memory = watchMemory({ pid: child.pid, limit_bytes, onExceeded });
  let cut: string | null = null;
  const onMessage = (line: string) => {
    if (streamed && isCut(line)) cut ??= line;
    of.onMessage?.(line);
  };
  of.signal?.addEventListener("abort", kill);
  if (of.signal?.aborted) kill();
  try {
    const ended = Promise.all([
      pump(child.stdout, of.max_bytes, of.onOutput, kill),
      tail(child.stderr, onMessage),
      child.exited,
    ]);
    const [too_long, stderr] = await Promise.race([ended, left.promise]);
    of.signal?.throwIfAborted();
    if (cut !== null) throw lostStream(cut);
    if (streamed && timed_out) throw lostStream("it gave nothing for too long");
    return {
      code: child.exitCode,
      signal: child.signalCode === null ? null : String(child.signalCode),
      stderr,
      timed_out,
      too_long,
      too_large,
    };
  } finally {
    clearTimeout(timer);
    clearTimeout(leaver);
    memory.end();
    child.unref();
    running.delete(child);
    of.signal?.removeEventListener("abort", kill);
  }
}

/** A tool that a driver makes hang would outlive this process. */
const running = new Set<ReturnType<typeof start>>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Whoever serves a stream waits for where its bytes come from, and gives up by itself. */
const STREAM_LIMIT_MS = 6 * 3600 * 1000;
/** Large ones are cleared away for seconds. */
const GONE_MS = 30_000;

/** As runTool, with the whole standard output as bytes. */
export async function captureTool(
  of: Omit<Parameters<typeof runTool>[0], "onOutput">,
): Promise<ToolRun & { stdout: Buffer }> {
  const pieces: Uint8Array[] = [];
  const run = await runTool({ ...of, onOutput: (piece) => pieces.push(piece) });
  return { ...run, stdout: Buffer.concat(pieces) };
}

function start(argv: string[]) {
  try {
    const env = withoutTokens(process.env);
    return Bun.spawn(argv, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe", windowsHide: true });
  } catch (cause) {
    throw new VcError("ffmpeg", `${argv[0]} could not be started: ${messageOf(cause)}`, { cause });
  }
}

async function pump(
  stream: ReadableStream<Uint8Array>,
  max_bytes: number,
  onOutput: (piece: Uint8Array) => void,
  kill: () => void,
): Promise<boolean> {
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes <= max_bytes) onOutput(piece);
    else kill();
  }
  return bytes > max_bytes;
}

const KEPT_LENGTH = 64 * 1024;

async function tail(stream: ReadableStream<Uint8Array>, onMessage: (line: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  const lines = createLines(onMessage);
  let text = "";
  for await (const piece of stream) {
    text = (text + decoder.decode(piece, { stream: true })).slice(-KEPT_LENGTH);
    lines.add(piece);
  }
  lines.end();
  return text;
}
