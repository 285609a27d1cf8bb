import { open, rm, stat } from "node:fs/promises";
import type { Capabilities } from "../shared/capabilities.ts";
import type { Conversion } from "../shared/conversion.ts";
import { systemCode } from "../shared/errors.ts";
import type { GpuFact, GpuUse } from "../shared/gpu.ts";
import type { AttemptReport, Progress } from "../shared/job.ts";
import { type Arguments, args, commandLine } from "./args.ts";
import { check } from "./check.ts";
import { type EncodeRun, encode, type KillGraces } from "./encode.ts";
import { judgeRun } from "./encode-outcome.ts";
import { inspect } from "./inspect.ts";
import { plan } from "./plan.ts";
import { toProgress } from "./progress.ts";
import { type Refusal, refusal } from "./refusal.ts";

export type ConvertLimits = { job_timeout_ms: number; ffmpeg_timeout_ms: number; stall_timeout_ms: number };

export type ConvertResult =
  | { outcome: "done"; size: number; report: AttemptReport }
  | (Refusal & { report: AttemptReport });

type ConvertInput = {
  source: string;
  target: string;
  conversion: Conversion;
  capabilities: Capabilities;
  gpu: GpuUse;
  limits: ConvertLimits;
  onProgress: (progress: Progress) => void;
  onGpuFact?: (fact: GpuFact) => void;
  signal: AbortSignal;
  graces?: KillGraces;
};

/**
 * One attempt at a film, without any network: probe, plan, encode, verify, fsync. Writes only `target` (size in
 * bytes when done), and leaves nothing there unless it is done. Limits are milliseconds, 0 for none. An abort ends
 * as a retryable "cancelled". Throws VcError("ffmpeg") if the programs do not start, VcError("storage") if the
 * source cannot be read.
 */
export async function convertFile(input: ConvertInput): Promise<ConvertResult> {
  const report: AttemptReport = {};
  const deadline = input.limits.job_timeout_ms > 0 ? AbortSignal.timeout(input.limits.job_timeout_ms) : null;
  const signal = deadline === null ? input.signal : AbortSignal.any([input.signal, deadline]);
  let kept = false;
  try {
    const ended = await attempt({ ...input, signal }, report);
    kept = "size" in ended;
    if ("size" in ended) return { outcome: "done", size: ended.size, report };
    if (ended.refusal.reason !== "cancelled") return { ...ended.refusal, report };
    return { ...stopped(input, deadline), report };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { ...stopped(input, deadline), report };
  } finally {
    if (!kept) await rm(input.target, { force: true });
  }
}

/** Whoever gave the attempt up first: a person (or a drain), or the clock. */
function stopped({ signal, limits }: ConvertInput, deadline: AbortSignal | null): Refusal {
  if (deadline?.aborted === true && !signal.aborted) return jobTimeout(limits);
  return { outcome: "retry", reason: "cancelled", message: "The attempt was stopped on request." };
}

type Ended = { size: number } | { refusal: Refusal };

async function attempt(input: ConvertInput, report: AttemptReport): Promise<Ended> {
  const { source, target, conversion, capabilities, signal } = input;
  const { ffmpeg } = capabilities;
  input.onProgress({ stage: "probing", percent: 0, fps: null, speed: null, eta_s: null });
  const inspected = await inspect({ ffprobe_path: ffmpeg.ffprobe_path, path: source, signal });
  if ("refusal" in inspected) return inspected;
  const { media } = inspected;
  if (media.duration_s !== null) report.source_duration = media.duration_s;
  const planned = plan({ media, conversion, capabilities, gpu: input.gpu });
  if ("refusal" in planned) return planned;
  const [first] = planned.ladder;
  if (first === undefined) throw new Error("a ladder without a rung");
  const argv = args(first, { source, target });
  report.plan = first.summary;
  report.notes = first.notes;
  report.command = commandLine(ffmpeg.path, argv);
  const run = await encodeTimed(input, { argv, duration_s: media.duration_s }, report);
  const failed = judgeRun(run, input.limits);
  if (failed !== null) return { refusal: failed };
  input.onProgress({ stage: "verifying", percent: 100, fps: null, speed: null, eta_s: null });
  const started_ms = performance.now();
  const checked = await check({
    ...{ ffmpeg, plan: first, source: { path: source, media }, target, signal },
    ...{ damage: run.log.damage, verify: conversion.verify },
  });
  if ("refusal" in checked) return checked;
  report.notes = [...first.notes, ...checked.notes];
  const flushed = await flush(target);
  report.verify_ms = Math.round(performance.now() - started_ms);
  return flushed;
}

async function encodeTimed(
  input: ConvertInput,
  of: { argv: Arguments; duration_s: number | null },
  report: AttemptReport,
): Promise<EncodeRun> {
  const started_ms = performance.now();
  const run = await encode({
    ffmpeg_path: input.capabilities.ffmpeg.path,
    arguments: of.argv,
    target_path: input.target,
    limits: input.limits,
    ...(input.graces === undefined ? {} : { graces: input.graces }),
    signal: input.signal,
    onReport: (now) => input.onProgress(toProgress(now, of.duration_s)),
  });
  report.encode_ms = Math.round(performance.now() - started_ms);
  report.log_tail = run.log.tail;
  return run;
}

/** Until the disk has it, a film may still be lost with the power. */
async function flush(target: string): Promise<Ended> {
  try {
    const file = await open(target, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    return { size: (await stat(target)).size };
  } catch (error) {
    if (systemCode(error) === "ENOSPC")
      return refusal("retry", "disk_full", "The disk of the results is full.");
    throw error;
  }
}

function jobTimeout({ job_timeout_ms }: ConvertLimits): Refusal {
  const message = `The attempt as a whole took longer than job_timeout (${job_timeout_ms / 1000} s).`;
  return { outcome: "retry", reason: "job_timeout", message };
}
