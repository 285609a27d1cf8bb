import { writeSync } from "node:fs";
import { STEP } from "../../vulkan/detect.ts";
import { probeHere } from "../../vulkan/probe.ts";

/**
 * `vc __probe`, which `vc detect` starts and reads: the report as one line on stdout, and on stderr each step before
 * it is taken (written at once, for a driver may end this process with the next call).
 */
export async function runProbe(): Promise<number> {
  const report = probeHere((step) => writeSync(2, `${STEP}${step}\n`));
  // A driver may have left a line of its own unended.
  await Bun.write(Bun.stdout, `\n${JSON.stringify(report)}\n`);
  return 0;
}
