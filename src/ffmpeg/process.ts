import type { ChildProcess } from "node:child_process";
import ffmpeg, { type FfmpegCommand } from "fluent-ffmpeg";
import { messageOf, VcError } from "../shared/errors.ts";
import type { Arguments } from "./args.ts";
import { networkPrefix } from "./network.ts";
import { captureTool } from "./tool.ts";

/** How an ffmpeg ended; `code` is null where a signal ended it. */
export type Exit = { code: number | null; signal: string | null };

export type RunningFfmpeg = {
  pid: number | undefined;
  exited: Promise<Exit>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
};

/**
 * Starts a conversion; `onLine` gets every line of standard error. Throws VcError("ffmpeg") if the program cannot
 * be started. This is the only file that knows fluent-ffmpeg.
 */
export async function startFfmpeg(of: {
  ffmpeg_path: string;
  arguments: Arguments;
  onLine: (line: string) => void;
}): Promise<RunningFfmpeg> {
  await assertStartable(of.ffmpeg_path);
  const { input, source, output, target, also } = of.arguments;
  const command = ffmpeg({ stdoutLines: KEPT_LINES }) as Internals;
  const prefix = await networkPrefix([of.ffmpeg_path, ...input, source, ...output]);
  Object.assign(command, overrides([...prefix, of.ffmpeg_path], command._spawnFfmpeg));
  // Spread, because an option in an array that contains one space would be split in two.
  command.input(source).inputOptions(...input);
  command.output(target).outputOptions(...output);
  if (also !== undefined) command.output(also.target).outputOptions(...also.output);
  command.on("stderr", (line: string) => {
    if (line !== "") of.onLine(line);
  });
  return launch(command);
}

/** fluent-ffmpeg keeps lines of its own; ours are kept by the caller. */
const KEPT_LINES = 10;

type EndCallback = (error: Error | null, stdout?: Ring, stderr?: Ring) => void;
type Ring = { get(): string };
type SpawnFfmpeg = (argv: string[], options: object, onProcess: unknown, onEnd: EndCallback) => void;
type Internals = FfmpegCommand & { _spawnFfmpeg: SpawnFfmpeg; ffmpegProc?: ChildProcess };

/**
 * Set on the one command, since fluent-ffmpeg's own setters are global: which program to run; no queries for
 * capabilities before each film (they cost 150 to 350 ms and are wrong for ffmpeg 7 and later); and always rings
 * of lines at the end, without which a program that cannot be started throws inside an event and Bun spins for ever.
 */
function overrides([program = "", ...first]: string[], spawnFfmpeg: SpawnFfmpeg) {
  const noLines: Ring = { get: () => "" };
  return {
    _getFfmpegPath: (done: (error: null, path: string) => void) => done(null, program),
    _checkCapabilities: (done: () => void) => done(),
    availableEncoders: (done: (error: null, encoders: object) => void) => done(null, {}),
    _spawnFfmpeg(this: Internals, argv: string[], options: object, onProcess: unknown, onEnd: EndCallback) {
      const withRings: EndCallback = (error, stdout, stderr) =>
        onEnd(error, stdout ?? noLines, stderr ?? noLines);
      spawnFfmpeg.call(this, [...first, ...argv], options, onProcess, withRings);
    },
  };
}

function launch(command: Internals): Promise<RunningFfmpeg> {
  return new Promise((resolve, reject) => {
    let exit: Exit = { code: null, signal: null };
    const ended = Promise.withResolvers<Exit>();
    command.on("start", () => {
      const child = command.ffmpegProc;
      // First, as fluent-ffmpeg's own listener reports the end from within.
      child?.prependOnceListener("exit", (code, signal) => {
        exit = { code, signal };
      });
      resolve({ pid: child?.pid, exited: ended.promise, kill: (signal) => void child?.kill(signal) });
    });
    command.on("end", () => ended.resolve(exit));
    command.on("error", (cause) => {
      // An exit code or a signal is how it ended; anything else means that it never ran.
      if (exit.code !== null || exit.signal !== null) ended.resolve(exit);
      else {
        const failure = new VcError("ffmpeg", `ffmpeg could not be started: ${messageOf(cause)}`, { cause });
        ended.reject(failure);
        ended.promise.catch(() => undefined);
        reject(failure);
      }
    });
    command.run();
  });
}

/** A search for a quality runs ffmpeg dozens of times a minute: asking each time doubles the processes. */
const TRUSTED_MS = 10_000;
const startable = new Map<string, number>();

async function assertStartable(ffmpeg_path: string): Promise<void> {
  const asked_ms = performance.now();
  if (asked_ms - (startable.get(ffmpeg_path) ?? Number.NEGATIVE_INFINITY) < TRUSTED_MS) return;
  const run = await captureTool({ argv: [ffmpeg_path, "-version"], limit_ms: 30_000, max_bytes: 1_000_000 });
  if (run.code === 0) {
    startable.set(ffmpeg_path, asked_ms);
    return;
  }
  const how = run.signal === null ? `exit code ${run.code}` : run.signal;
  throw new VcError("ffmpeg", `${ffmpeg_path} -version ended with ${how}: it is no working ffmpeg.`);
}
