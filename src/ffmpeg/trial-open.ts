import { vulkanDevice } from "./encoders/vulkan.ts";
import type { TrialDevice } from "./trial-list.ts";
import { trialSize } from "./trial-pictures.ts";
import { complaintText, no, type Outcome, runTrial } from "./trial-run.ts";
import { type Limited, layOutPictures, RAW } from "./trial-stages.ts";

/**
 * Whether ffmpeg opens the device, and whether what it opens by that index is this very card: it finds the devices by
 * itself, perhaps with another loader or other drivers.
 */
export async function tryOpen(bench: Limited, device: TrialDevice): Promise<Outcome> {
  const { input } = await layOutPictures(bench, { ...trialSize(), bit_depth: 8 });
  const { outcome, lines, output } = await runTrial({
    ...bench,
    options: ["-v", "level+verbose", ...vulkanDevice(device.gpu), ...input, "-frames:v", "1", ...RAW],
  });
  const other = otherCard(lines, device);
  if (other !== null) return no(`ffmpeg's device ${device.gpu.index} is another card: ${other}`);
  const complaint = lines.find((line) => /\[(?:error|fatal|panic)\]/.test(line));
  if (outcome.why === null) return output.length > 0 ? outcome : no("nothing came out");
  const died = outcome.hung || outcome.why.startsWith("ffmpeg ");
  if (died || complaint === undefined) return outcome;
  return { ...outcome, why: complaintText(complaint), said: complaint };
}

/** libavutil/hwcontext_vulkan.c: name, type and PCI device id. */
const SELECTED = /Device \d+ selected: (.+) \(\w+\) \(0x([0-9a-f]+)\)/;

/** What ffmpeg chose, where it says so and it is not this card; null else. The same card has other names with other drivers. */
export function otherCard(
  lines: readonly string[],
  { gpu, device_id }: Pick<TrialDevice, "gpu" | "device_id">,
): string | null {
  const [, name = "", id = ""] = lines.map((line) => SELECTED.exec(line)).find((one) => one !== null) ?? [];
  if (name === "") return null;
  const same_id = Number.parseInt(id, 16) === device_id;
  const same = same_id && (device_id !== 0 || plainName(name) === plainName(gpu.name));
  return same ? null : `${name} (0x${id})`;
}

/** Drivers write themselves in brackets: `AMD Radeon RX 6800 (RADV NAVI21)`, `llvmpipe (LLVM 15.0.6, 256 bits)`. */
function plainName(name: string): string {
  return name
    .replace(/\([^)]*\)/g, "")
    .trim()
    .toLowerCase();
}
