import type { Capabilities } from "../../shared/capabilities.ts";
import { CODECS } from "../../shared/conversion.ts";
import { printable } from "../../shared/printable.ts";
import type { VulkanProbe } from "../../vulkan/devices.ts";
import { adviceOn } from "./render-detected-advice.ts";
import { deviceBranch } from "./render-detected-devices.ts";
import { tree } from "./tree.ts";

export type Detected = {
  vulkan: VulkanProbe;
  /** Null where there is no ffmpeg to ask; the caller says why. */
  capabilities: Capabilities | null;
  os: string;
  architecture: string;
};

/** The screen of `vc detect`: what drivers say of themselves, and what a trial has shown. */
export function renderDetected(found: Detected): string {
  const { vulkan, capabilities, os } = found;
  const advice = adviceOn(vulkan, os);
  const blocks = [
    `🖥️ GPU / Vulkan Detection`,
    `Vulkan Status: ${vulkanStatus(vulkan)}\nConversion: ${conversion(capabilities)}`,
    vulkan.available
      ? tree(
          "Devices, with what their drivers offer (untried, so only hoped for):",
          vulkan.devices.map(deviceBranch),
        )
      : null,
    ...(capabilities === null ? [] : trials(capabilities)),
    tree("Environment:", environment(found)),
    advice.length === 0 ? null : tree("What you can do:", advice),
  ];
  return blocks.filter((block) => block !== null).join("\n\n");
}

function vulkanStatus(vulkan: VulkanProbe): string {
  if (!vulkan.available) return `✗ Not available: ${printable(vulkan.message)}`;
  return vulkan.devices.every(({ type }) => type === "cpu") ? "✗ No GPU" : "✓ Available";
}

function conversion(capabilities: Capabilities | null): string {
  if (capabilities === null) return "✗ not possible without ffmpeg";
  const gpu = capabilities.encoders.some(({ family }) => family !== "software");
  return gpu
    ? "✓ GPU encoders were proven"
    : "on the CPU; this version of vc does not convert through Vulkan yet";
}

function trials({ encoders, refused }: Capabilities): (string | null)[] {
  return [
    tree("Encoders, each proven by a trial:", encoders.length === 0 ? ["none"] : encoders.map(encoderLine)),
    refused.length === 0 ? null : tree("Tried in vain:", refused.map(refusedLine)),
  ];
}

function environment({ vulkan, capabilities, os, architecture }: Detected): string[] {
  return [
    `OS: ${OS_NAMES[os] ?? os}`,
    `Architecture: ${architecture}`,
    ...(vulkan.available ? [`Vulkan loader: ${vulkan.loader_version} (${printable(vulkan.loader)})`] : []),
    ...(capabilities === null
      ? []
      : [
          `ffmpeg: ${printable(capabilities.ffmpeg.version)} (${printable(capabilities.ffmpeg.path)})`,
          `ffprobe: ${printable(capabilities.ffmpeg.ffprobe_path)}`,
        ]),
  ];
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
