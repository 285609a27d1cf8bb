import { dirname, join } from "node:path";
import type { FfmpegInfo } from "../shared/capabilities.ts";
import { VcError } from "../shared/errors.ts";
import { ffmpegInstallHint, programFile } from "../shared/platform.ts";
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

/** The names of all encoders that this ffmpeg was built with; null where it does not tell. */
export async function listEncoders({ path }: FfmpegInfo): Promise<Set<string> | null> {
  const argv = [path, "-hide_banner", "-encoders"];
  const run = await captureTool({ argv, limit_ms: LIMIT_MS, max_bytes: 1_000_000 });
  const lines = run.stdout.toString("utf8").matchAll(/^ [VAS][A-Z.]{5} (\S+)/gm);
  // The legend of the list has the form of its entries, with "=" for a name.
  const found = [...lines].flatMap(([, name]) => (name === undefined || name === "=" ? [] : [name]));
  return run.code === 0 && found.length > 0 ? new Set(found) : null;
}

/** -fps_mode came with ffmpeg 5.1. */
const OLDEST = 5;
const LIMIT_MS = 60_000;

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
  const run = await captureTool({ argv: [path, "-version"], limit_ms: LIMIT_MS, max_bytes: 1_000_000 });
  const version = new RegExp(`^${name} version (\\S+)`).exec(run.stdout.toString("utf8"))?.[1];
  if (run.code === 0 && version !== undefined) return version;
  const said = run.stderr.trim().split("\n").at(-1) || `exit code ${run.code}`;
  throw new VcError("ffmpeg", `${path} is no working ${name} (${said}). ${howToInstall()}`);
}
