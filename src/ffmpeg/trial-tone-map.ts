import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BitDepth, Gpu } from "../shared/gpu.ts";
import { vulkanDevice } from "./encoders/vulkan.ts";
import { fileUrl } from "./guard.ts";
import { CHART, chartPicture, distances, expectedPatches, readPatches } from "./tone-chart.ts";
import { toneMapOf, toneMapOnCpu, toneMapOnGpu } from "./tone-map.ts";
import { no, type Outcome, PROVEN, runTrial } from "./trial-run.ts";
import type { Limited } from "./trial-stages.ts";

/** Whether a chart of HDR10 becomes the SDR that it must, on the Gpu, or on the CPU where there is none. */
export async function tryToneMap(
  bench: Limited,
  of: { gpu: Gpu | null; bit_depth: BitDepth },
): Promise<Outcome> {
  const { gpu, bit_depth } = of;
  const path = await bench.once("chart.yuv", () => layOutChart(bench.folder));
  const planar = bit_depth === 8 ? "yuv420p" : "yuv420p10le";
  const filters = gpu === null ? toneMapOnCpu(MAP, planar) : onGpu(bit_depth, planar);
  const open = gpu === null ? [] : [...vulkanDevice(gpu), "-filter_hw_device", "vk"];
  const form = ["-pixel_format", "yuv420p10le", "-video_size", `${CHART.width}x${CHART.height}`];
  const { outcome, output } = await runTrial({
    ...bench,
    options: [
      ...[...open, "-f", "rawvideo", ...form, "-i", fileUrl(path), "-vf", filters.join(",")],
      ...["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
    ],
  });
  return outcome.why === null ? judge(output, gpu === null ? CPU : GPU, bit_depth) : outcome;
}

/** Peak detection, where there is some, sees what the chart's lightest patch has: 1000 cd/m2, as is assumed without. */
const MAP = toneMapOf({ primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc", range: "tv" }, null);
const FRAMES = 3;

/**
 * The most that patches may be away, on average and at all, in steps of 8 bits. Measured: zscale 0.4 and 1.7; libplacebo
 * 6.3 and 27 (another curve, and shadows as deep as a screen's). Green pictures are 100 away.
 */
const CPU = { mean: 1.5, most: 4 };
const GPU = { mean: 12, most: 40 };

async function layOutChart(folder: string): Promise<string> {
  const path = join(folder, "chart.yuv");
  await writeFile(path, Buffer.concat(Array.from({ length: FRAMES }, chartPicture)));
  return path;
}

function onGpu(bit_depth: BitDepth, planar: string): string[] {
  const pixel_format = bit_depth === 8 ? "nv12" : "p010le";
  const map = toneMapOnGpu({ source: MAP.source, size: CHART, pixel_format });
  return ["format=p010le", "hwupload", ...map, "hwdownload", `format=${pixel_format}`, `format=${planar}`];
}

function judge(output: Uint8Array, allowed: typeof CPU, bit_depth: BitDepth): Outcome {
  const bytes = CHART.width * CHART.height * 1.5 * (bit_depth === 8 ? 1 : 2);
  if (output.length !== FRAMES * bytes) return no(`${output.length / bytes} of ${FRAMES} pictures came out`);
  const expected = expectedPatches(MAP.peak);
  for (let n = 0; n < FRAMES; n += 1) {
    const got = readPatches(output.subarray(n * bytes, (n + 1) * bytes), bit_depth);
    const away = distances(expected, got);
    const mean = away.reduce((sum, one) => sum + one, 0) / away.length;
    if (mean > allowed.mean || Math.max(...away) > allowed.most) {
      return no(`its colours are wrong (${mean.toFixed(1)} of 255 away, ${allowed.mean} are allowed)`);
    }
  }
  return PROVEN;
}
