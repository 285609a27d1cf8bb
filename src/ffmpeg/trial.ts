import type { FfmpegInfo } from "../shared/capabilities.ts";
import { listEncoders } from "./find.ts";
import { tryHdr } from "./trial-hdr.ts";
import { listTrials, needsVulkan, type Trial, type TrialDevice, trialKey } from "./trial-list.ts";
import { tryOpen } from "./trial-open.ts";
import { no, type Outcome } from "./trial-run.ts";
import { createBench, type Limited, tryAudio, tryDecode, tryEncode, tryScale } from "./trial-stages.ts";
import { tryToneMap } from "./trial-tone-map.ts";

/** A trial, and what came of it. `ran` is false where nothing had to be run for the answer. */
export type Tried = { trial: Trial; key: string; outcome: Outcome; ran: boolean };

/** How long one run of ffmpeg may take, on the CPU and on a device. */
export type TrialLimits = { cpu_ms: number; gpu_ms: number };

/** Encoders on a busy machine take their time; so do drivers that compile shaders at their first use. */
const LIMITS: TrialLimits = { cpu_ms: 60_000, gpu_ms: 30_000 };

/**
 * Tries all that ffmpeg may do on the given devices and without any: one thing after the other on each device, the
 * devices, and codecs on the CPU, beside each other. `remembered` has earlier answers by key. A run that does not end
 * costs its limit once: nothing more is tried on that device. Throws VcError("ffmpeg") if ffmpeg cannot be started.
 */
export async function tryMachine(of: {
  ffmpeg: FfmpegInfo;
  devices?: TrialDevice[];
  remembered?: ReadonlyMap<string, Outcome>;
  limits?: TrialLimits;
}): Promise<Tried[]> {
  const { ffmpeg, devices = [], remembered = new Map(), limits = LIMITS } = of;
  const built_in = await listEncoders(ffmpeg);
  const trials = listTrials({ ffmpeg, built_in, devices, os: process.platform });
  const answers = new Map<Trial, Outcome>();
  for (const trial of trials) {
    const known = trial.known === null ? remembered.get(trialKey(trial)) : no(trial.known);
    if (known !== undefined) answers.set(trial, known);
  }
  const [first, last] = [trials.filter(({ last_resort }) => !last_resort), trials.filter(isNeeded)];
  const found = new Map<Trial, Outcome>();
  const runOpen = (some: Trial[]) => {
    const open = some.filter((trial) => !answers.has(trial));
    return runAll({ ffmpeg_path: ffmpeg.path, trials: open, answers, limits, found });
  };
  await runOpen(first);
  const outcomeOf = (trial: Trial) => answers.get(trial) ?? found.get(trial);
  const encodes = first.filter((trial) => trial.stage === "encode" && outcomeOf(trial)?.why === null);
  const proven = new Set(encodes.map(encoderOf));
  const resorts = last.filter((trial) => !proven.has(encoderOf(trial)));
  await runOpen(resorts);
  return [...first, ...resorts].flatMap((trial) => {
    const outcome = outcomeOf(trial);
    return outcome === undefined ? [] : [{ trial, key: trialKey(trial), outcome, ran: found.has(trial) }];
  });
}

/** Another try is worth it where the encoder is there at all. */
function isNeeded({ last_resort, known }: Trial): boolean {
  return last_resort === true && known === null;
}

function encoderOf(trial: Trial): string {
  return trial.stage === "encode" || trial.stage === "hdr" ? `${trial.family} ${trial.encoder.encoder}` : "";
}

async function runAll(of: {
  ffmpeg_path: string;
  trials: Trial[];
  answers: ReadonlyMap<Trial, Outcome>;
  limits: TrialLimits;
  found: Map<Trial, Outcome>;
}): Promise<void> {
  const { found } = of;
  if (of.trials.length === 0) return;
  const unopened = [...of.answers].filter(([{ stage }, { why }]) => stage === "open" && why !== null);
  const bench = await createBench(of.ffmpeg_path);
  try {
    const lanes = [...Map.groupBy(of.trials, laneOf)];
    await Promise.all(
      lanes.map(async ([name, lane]) => {
        const on_cpu = name.startsWith(CPU);
        const limit_ms = on_cpu ? of.limits.cpu_ms : of.limits.gpu_ms;
        const closed = unopened.find(([{ device }]) => device?.gpu.id === name)?.[1] ?? null;
        await runLane({ bench: { ...bench, limit_ms }, lane, gives_up: !on_cpu, closed, found });
      }),
    );
  } finally {
    await bench.remove();
  }
}

/** What one hang spoils: a device, or a family on a device of the system's choice; on the CPU they run by codec. */
function laneOf(trial: Trial): string {
  if (trial.device !== null) return trial.device.gpu.id;
  const encodes = trial.stage === "encode" || trial.stage === "hdr";
  if (encodes && trial.family !== "software") return trial.family;
  return `${CPU} ${encodes ? trial.encoder.codec : ""}`;
}

const CPU = "cpu";

async function runLane(of: {
  bench: Limited;
  lane: Trial[];
  gives_up: boolean;
  /** Why the device cannot be opened through Vulkan, where that was known before. */
  closed: Outcome | null;
  found: Map<Trial, Outcome>;
}): Promise<void> {
  let hung: string | null = null;
  let { closed } = of;
  const failed = new Set<string>();
  for (const trial of of.lane) {
    const subject =
      trial.stage === "encode" || trial.stage === "hdr" ? `${trial.family} ${trial.encoder.encoder}` : null;
    let outcome: Outcome;
    if (hung !== null) outcome = { ...no(`not tried, as ffmpeg hung there before (${hung})`), hung: true };
    else if (closed !== null && needsVulkan(trial)) outcome = closed;
    else if (subject !== null && failed.has(subject)) outcome = no("not tried, as it did not work before");
    else outcome = await run(of.bench, trial);
    of.found.set(trial, outcome);
    if (trial.stage === "open" && outcome.why !== null) closed = { ...outcome, hung: false };
    if (subject !== null && outcome.why !== null) failed.add(subject);
    if (outcome.hung && of.gives_up) hung ??= subject ?? trial.stage;
  }
}

function run(bench: Limited, trial: Trial): Promise<Outcome> {
  if (trial.stage === "audio") return tryAudio(bench, trial.encoder);
  if (trial.stage === "encode") return tryEncode(bench, trial);
  if (trial.stage === "hdr") return tryHdr(bench, trial);
  if (trial.stage === "tone_map") return tryToneMap(bench, { ...trial, gpu: trial.device?.gpu ?? null });
  if (trial.device === null) throw new Error(`${trial.stage} needs a device`);
  if (trial.stage === "open") return tryOpen(bench, trial.device);
  const { gpu } = trial.device;
  return trial.stage === "decode" ? tryDecode(bench, { ...trial, gpu }) : tryScale(bench, { ...trial, gpu });
}
