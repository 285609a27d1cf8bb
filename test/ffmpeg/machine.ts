import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConvertResult, convertFile } from "../../src/ffmpeg/convert.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { tryMachine } from "../../src/ffmpeg/trial.ts";
import { toCapabilities } from "../../src/ffmpeg/trial-capabilities.ts";
import type { Capabilities } from "../../src/shared/capabilities.ts";
import type { Conversion } from "../../src/shared/conversion.ts";
import { CPU_ONLY } from "../../src/shared/gpu.ts";
import { conversion } from "./records.ts";

const ffmpeg = await findFfmpeg({ path: process.env.VC_TEST_FFMPEG ?? null, ffprobe_path: null });
// Here and not in the first test that asks, whose time it would take.
export const triedHere = await tryMachine({ ffmpeg });
const proven = toCapabilities({ ffmpeg, devices: [], tried: triedHere });

/** What this machine's ffmpeg can do, tried once for all tests; VC_TEST_FFMPEG names another one than that on PATH. */
export async function thisMachine(): Promise<Capabilities> {
  return proven;
}

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "vc-ffmpeg-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** One conversion with real programs and no limits but those given. */
export async function convert(
  files: { source: string; target: string },
  changes: Partial<Conversion> = {},
  options: Partial<Parameters<typeof convertFile>[0]> = {},
): Promise<ConvertResult> {
  return convertFile({
    ...files,
    conversion: conversion(changes),
    capabilities: options.capabilities ?? (await thisMachine()),
    gpu: CPU_ONLY,
    limits: { job_timeout_ms: 0, ffmpeg_timeout_ms: 0, stall_timeout_ms: 60_000 },
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...options,
  });
}
