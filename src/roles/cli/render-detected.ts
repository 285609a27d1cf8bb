import type { Capabilities } from "../../shared/capabilities.ts";
import { CODECS } from "../../shared/conversion.ts";
import { printable } from "../../shared/printable.ts";
import { tree } from "./tree.ts";

/** The screen of `vc detect`: only what a trial has shown. */
export function renderDetected(found: Capabilities, machine: { os: string; architecture: string }): string {
  const { ffmpeg, encoders, refused } = found;
  const gpu = encoders.filter((entry) => entry.family !== "software");
  const status =
    gpu.length === 0
      ? "✗ no GPU encoder was proven; films are converted on the CPU"
      : "✓ GPU encoders were proven";
  const blocks = [
    `🖥️ GPU / Vulkan Detection`,
    `GPU Status: ${status}`,
    tree("Encoders, each proven by a trial:", encoders.length === 0 ? ["none"] : encoders.map(encoderLine)),
    refused.length === 0 ? null : tree("Tried in vain:", refused.map(refusedLine)),
    tree("Environment:", [
      `OS: ${OS_NAMES[machine.os] ?? machine.os}`,
      `Architecture: ${machine.architecture}`,
      `ffmpeg: ${printable(ffmpeg.version)} (${printable(ffmpeg.path)})`,
      `ffprobe: ${printable(ffmpeg.ffprobe_path)}`,
    ]),
  ];
  return blocks.filter((block) => block !== null).join("\n\n");
}

const OS_NAMES: Record<string, string> = { linux: "Linux", darwin: "macOS", win32: "Windows" };

function encoderLine({ codec, encoder, family, ten_bit }: Capabilities["encoders"][number]): string {
  const video = CODECS.some((known) => known === codec);
  const depth = !video ? "" : ten_bit ? ", 8 and 10 bits" : ", 8 bits";
  return `${codec}: ${encoder} (${family}${depth})`;
}

function refusedLine({ codec, encoder, family, why }: Capabilities["refused"][number]): string {
  return `${codec}: ${encoder} (${family}): ${printable(why)}`;
}
