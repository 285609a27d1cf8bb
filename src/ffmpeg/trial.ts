import { dirname, join } from "node:path";
import type { Capabilities, FfmpegInfo } from "../shared/capabilities.ts";
import { VcError } from "../shared/errors.ts";
import { NO_DEVICE_OPTIONS } from "../shared/gpu.ts";
import { ffmpegInstallHint, programFile } from "../shared/platform.ts";
import { FAMILIES } from "./encoders/families.ts";
import type { Encoder } from "./encoders/family.ts";
import { captureTool } from "./tool.ts";

/**
 * Finds an ffmpeg and an ffprobe that really start; null looks on PATH, for ffprobe beside ffmpeg first. Throws
 * VcError("ffmpeg") that says what to install or to configure.
 */
export async function findFfmpeg(of: {
  path: string | null;
  ffprobe_path: string | null;
}): Promise<FfmpegInfo> {
  const path = locate("ffmpeg", of.path, []);
  const ffprobe_path = locate("ffprobe", of.ffprobe_path, [join(dirname(path), programFile("ffprobe"))]);
  const version = await askVersion(path, "ffmpeg");
  await askVersion(ffprobe_path, "ffprobe");
  const major = /^n?(\d+)\./.exec(version)?.[1];
  const info = { path, ffprobe_path, version, major: major === undefined ? null : Number(major) };
  if (info.major !== null && info.major < OLDEST) {
    throw new VcError(
      "ffmpeg",
      `${path} is ffmpeg ${version}; vc needs ${OLDEST}.1 or newer. ${howToInstall()}`,
    );
  }
  return info;
}

/** Encodes a few frames of a test picture with every encoder of every family, and what else plans rely on. */
export async function tryEncoders(ffmpeg: FfmpegInfo): Promise<Pick<Capabilities, "encoders" | "refused">> {
  const result: Pick<Capabilities, "encoders" | "refused"> = { encoders: [], refused: [] };
  for (const { family, encoders } of FAMILIES.filter((one) => one.family === "software")) {
    for (const encoder of encoders) {
      const { codec } = encoder;
      const why = await tryVideo(ffmpeg.path, encoder, 8);
      if (why !== null) result.refused.push({ family, codec, encoder: encoder.encoder, device: null, why });
      else {
        const ten_bit = (await tryVideo(ffmpeg.path, encoder, 10)) === null;
        result.encoders.push({
          family,
          codec,
          encoder: encoder.encoder,
          ten_bit,
          device: null,
          open: NO_DEVICE_OPTIONS,
          limits: null,
        });
      }
    }
  }
  for (const [codec, encoder] of AUDIO_ENCODERS) {
    const why = await tryAudio(ffmpeg.path, encoder);
    if (why !== null) result.refused.push({ family: "software", codec, encoder, device: null, why });
    else
      result.encoders.push({
        family: "software",
        codec,
        encoder,
        ten_bit: false,
        device: null,
        open: NO_DEVICE_OPTIONS,
        limits: null,
      });
  }
  return result;
}

/** -fps_mode came with ffmpeg 5.1. */
const OLDEST = 5;
const TRIAL_LIMIT_MS = 60_000;
const AUDIO_ENCODERS: [string, string][] = [
  ["aac", "aac"],
  ["opus", "libopus"],
];

function locate(name: string, configured: string | null, beside: string[]): string {
  if (configured !== null) {
    const found = Bun.which(configured);
    if (found !== null) return found;
    throw new VcError(
      "ffmpeg",
      `${configured} is not a program that can be started; set ffmpeg.path and ffmpeg.ffprobe_path, or leave them out to use those on PATH.`,
    );
  }
  for (const candidate of [...beside, name]) {
    const found = Bun.which(candidate);
    if (found !== null) return found;
  }
  throw new VcError("ffmpeg", `${name} was not found on PATH. ${howToInstall()}`);
}

function howToInstall(): string {
  return `${ffmpegInstallHint()} Or set ffmpeg.path in the worker's configuration.`;
}

async function askVersion(path: string, name: string): Promise<string> {
  const run = await captureTool({ argv: [path, "-version"], limit_ms: TRIAL_LIMIT_MS, max_bytes: 1_000_000 });
  const version = new RegExp(`^${name} version (\\S+)`).exec(run.stdout.toString("utf8"))?.[1];
  if (run.code === 0 && version !== undefined) return version;
  const said = run.stderr.trim().split("\n").at(-1) || `exit code ${run.code}`;
  throw new VcError("ffmpeg", `${path} is no working ${name} (${said}). ${howToInstall()}`);
}

function tryVideo(path: string, encoder: Encoder, bit_depth: 8 | 10): Promise<string | null> {
  const format = encoder.formats.find((one) => one.bit_depth === bit_depth)?.input;
  if (format === undefined) return Promise.resolve("no such profile");
  const rate = { kind: "quality", quality: 30 } as const;
  const options = encoder.options({
    rate,
    preset: "ultrafast",
    bit_depth,
    limits: null,
    frame_rate: { num: 25, den: 1 },
  });
  const picture = ["-f", "lavfi", "-i", "testsrc2=s=256x256:r=25:d=0.4", "-vf", `format=${format}`];
  return tryEncode(path, [...picture, "-c:v", encoder.encoder, ...options]);
}

function tryAudio(path: string, encoder: string): Promise<string | null> {
  return tryEncode(path, ["-f", "lavfi", "-i", "sine=d=0.2", "-c:a", encoder]);
}

/** Null when something came out, else why not. The result is only counted, never kept. */
async function tryEncode(path: string, middle: string[]): Promise<string | null> {
  const argv = [path, "-v", "error", "-nostdin", ...middle, "-f", "nut", "pipe:1"];
  const run = await captureTool({ argv, limit_ms: TRIAL_LIMIT_MS, max_bytes: 16_000_000 });
  if (run.timed_out) return `no answer within ${TRIAL_LIMIT_MS / 1000} s`;
  if (run.code === 0 && run.stdout.length > MUXER_ONLY_BYTES) return null;
  const said =
    run.stderr
      .trim()
      .split("\n")
      .find((line) => line.length > 0) ?? "nothing came out";
  return said.replace(/^\[[^\]]*\] /, "").slice(0, 200);
}

/** A NUT file (which needs no seeking) without any packet has some 300 bytes. */
const MUXER_ONLY_BYTES = 600;
