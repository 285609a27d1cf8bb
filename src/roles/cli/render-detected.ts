import type { Capabilities } from "../../shared/capabilities.ts";
import type { Learned } from "../../shared/gpu.ts";
import { printable } from "../../shared/printable.ts";
import type { VulkanProbe } from "../../vulkan/devices.ts";
import { adviceOn, provenStages } from "./render-detected-advice.ts";
import { deviceBranch } from "./render-detected-devices.ts";
import { encoderLines } from "./render-detected-trials.ts";
import { tree } from "./tree.ts";

export type Detected = {
  vulkan: VulkanProbe;
  /** Null where there is no ffmpeg to ask; the caller says why. */
  capabilities: Capabilities | null;
  /** What films taught about the GPUs; null without ffmpeg. */
  learned: Learned | null;
  os: string;
  architecture: string;
};

/** The screen of `vc detect`: the devices, and what trials have shown of them and of the CPU. */
export function renderDetected(found: Detected): string {
  const { vulkan, capabilities } = found;
  const advice = adviceOn(found);
  const blocks = [
    `🖥️ GPU / Vulkan Detection`,
    `Vulkan Status: ${vulkanStatus(found)}\nConversion: ${conversion(capabilities)}`,
    vulkan.available
      ? tree(
          capabilities === null
            ? "Devices, with what their drivers offer (untried, so only hoped for):"
            : "Devices, with what trials proved (✓) and what not (✗):",
          vulkan.devices.map((device) => deviceBranch(device, capabilities)),
        )
      : null,
    capabilities === null ? null : tree("Encoders without a Vulkan device:", otherEncoders(capabilities)),
    learnedBlock(found.learned),
    tree("Environment:", environment(found)),
    advice.length === 0 ? null : tree("What you can do:", advice),
  ];
  return blocks.filter((block) => block !== null).join("\n\n");
}

function vulkanStatus({ vulkan, capabilities }: Detected): string {
  if (!vulkan.available) return `✗ Not available: ${printable(vulkan.message)}`;
  if (vulkan.devices.every(({ type }) => type === "cpu")) return "✗ No GPU";
  if (capabilities === null) return "✓ Available (untried)";
  const real = capabilities.gpus.filter(({ type }) => type !== "cpu");
  const proven = new Set(real.flatMap((gpu) => provenStages(gpu, capabilities.encoders)));
  if (proven.size === 0) return "✗ Of no use: drivers answer, but no trial with this ffmpeg worked";
  return `✓ Available (proven by trials: ${[...proven].join(", ")})`;
}

function conversion(capabilities: Capabilities | null): string {
  if (capabilities === null) return "✗ not possible without ffmpeg";
  const { gpus, encoders } = capabilities;
  const real = gpus.filter(({ type }) => type !== "cpu");
  const works = real.some(
    ({ id, decode, scale }) =>
      decode.length > 0 || scale.length > 0 || encoders.some(({ device }) => device === id),
  );
  const others = encoders.some(({ family, device }) => family !== "software" && device === null);
  return works || others ? "✓ on the GPU, as far as trials proved it" : "on the CPU";
}

function otherEncoders({ encoders, refused }: Capabilities): string[] {
  const here = ({ device }: { device: string | null }) => device === null;
  const lines = encoderLines(encoders.filter(here), refused.filter(here));
  return lines.length === 0 ? ["none"] : lines;
}

/** What films taught, and the next one will go by. */
function learnedBlock(learned: Learned | null): string | null {
  if (learned === null) return null;
  const { suspects, parked, rates, forgotten } = learned;
  const lines = [
    ...(forgotten ? ["Forgotten just now: ways that had failed, and speeds that were measured"] : []),
    ...parked.map(({ device, problem }) => `✗ ${printable(device)}: ${printable(problem)}`),
    ...suspects.map(({ rung, why }) => `✗ ${printable(rung)}: ${printable(why)}`),
    ...rates
      .filter(({ frames }) => frames > 0)
      .map(
        ({ rung, preset, kind, fps }) =>
          `${printable(rung)}, ${preset}, ${kind}: ${fps.toFixed(1)} frames a second`,
      ),
  ];
  return lines.length === 0 ? null : tree("What films taught (`vc detect --fresh` forgets it):", lines);
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
