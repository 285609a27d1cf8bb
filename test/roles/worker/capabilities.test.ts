import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tried } from "../../../src/ffmpeg/trial.ts";
import type { trialRecord } from "../../../src/ffmpeg/trial-capabilities.ts";
import { firstUse, tryCapabilities } from "../../../src/roles/worker/capabilities.ts";
import type { Capabilities } from "../../../src/shared/capabilities.ts";
import { probeVulkan } from "../../../src/vulkan/detect.ts";
import type { VulkanProbe } from "../../../src/vulkan/devices.ts";
import { newer, noNewer } from "../../support/newer-ffmpeg.ts";
import { run } from "../../support/processes.ts";
import { ROOT } from "../../support/sources.ts";
import { testOr } from "../../support/test-or.ts";
import { buildFakeDriver, LLVMPIPE, noFakeDriver, noLlvmpipe } from "../../support/vulkan.ts";

/** Real devices of Mesa's llvmpipe, and two cards of a fake driver, tried by real ffmpegs. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vc-capabilities-"));
});
afterAll(() => rm(folder, { recursive: true }));

const LIMIT_MS = 600_000;
const probe = (env: Record<string, string>) =>
  probeVulkan({ command: [process.execPath, join(ROOT, "src", "main.ts"), "__probe"], env });

function detect(vulkan: VulkanProbe, given: Partial<Parameters<typeof tryCapabilities>[0]> = {}) {
  const ffmpeg = { path: newer?.ffmpeg ?? null, ffprobe_path: newer?.ffprobe ?? null };
  return tryCapabilities({ ...ffmpeg, cache_path: folder, vulkan, named: () => true, ...given });
}

const ranOnDevices = (tried: Tried[]) => tried.filter(({ trial, ran }) => ran && trial.device !== null);

testOr(
  noNewer ?? noLlvmpipe,
  "a newer ffmpeg on llvmpipe: it scales and encodes with shaders, and refuses the rest for a reason",
  async () => {
    const { capabilities, tried } = await detect(await probe(LLVMPIPE));
    const [gpu] = capabilities.gpus;
    expect(gpu).toMatchObject({ type: "cpu", scale: [8, 10], decode: [] });
    expect(gpu?.driver).toMatch(/^llvmpipe .*Mesa/);
    const no_video = { stage: "decode" as const, codec: "h264" as const, bit_depth: 8 as const };
    expect(gpu?.refused).toContainEqual({
      ...no_video,
      why: expect.stringMatching(/^the driver has no VK_KHR_/),
    });
    const there = capabilities.encoders.filter(({ device }) => device === gpu?.id);
    expect(there.map(({ encoder, ten_bit }) => [encoder, ten_bit])).toEqual([
      ["ffv1_vulkan", true],
      ["prores_ks_vulkan", true],
    ]);
    const h264 = capabilities.refused.find(({ encoder }) => encoder === "h264_vulkan");
    expect(h264).toMatchObject({ device: gpu?.id, why: expect.stringMatching(/^the driver has no VK_KHR_/) });
    expect(ranOnDevices(tried)).toHaveLength(8);
  },
  LIMIT_MS,
);

testOr(
  noNewer ?? noLlvmpipe,
  "a look ahead tries nothing on a device, and uses what was tried on it before",
  async () => {
    const vulkan = await probe(LLVMPIPE);
    const ahead = await detect(vulkan, { cache_path: join(folder, "ahead"), skip_untried: true });
    expect(ranOnDevices(ahead.tried)).toEqual([]);
    expect(ahead.capabilities.gpus[0]).toMatchObject({ scale: [], decode: [] });
    await detect(vulkan);
    const after = await detect(vulkan, { skip_untried: true });
    expect(after.tried.filter(({ ran }) => ran)).toEqual([]);
    expect(after.capabilities.gpus[0]?.scale).toEqual([8, 10]);
    const worker = {
      ffmpeg: { use_vulkan: true, encoders: ["software"] },
      vulkan: { preferred_device: "llvmpipe", slots_per_device: 1 },
    };
    const use = firstUse(after.capabilities, worker as unknown as Parameters<typeof firstUse>[1]);
    expect(use).toMatchObject({
      device: after.capabilities.gpus[0]?.id,
      no_device: null,
      families: ["software"],
    });
  },
  LIMIT_MS,
);

testOr(
  noNewer ?? noLlvmpipe,
  "what is known is not tried again, until the driver changes: then on its device alone",
  async () => {
    const vulkan = await probe(LLVMPIPE);
    await detect(vulkan);
    const again = await detect(vulkan);
    expect(again.tried.filter(({ ran }) => ran)).toEqual([]);
    expect(again.capabilities.gpus[0]?.scale).toEqual([8, 10]);
    if (!vulkan.available) throw new Error(vulkan.message);
    const devices = vulkan.devices.map((one) => ({ ...one, driver: { ...one.driver, version: "99.0.0" } }));
    const { tried } = await detect({ ...vulkan, devices });
    expect(tried.filter(({ ran }) => ran)).toEqual(ranOnDevices(tried));
    expect(ranOnDevices(tried)).toHaveLength(8);
  },
  LIMIT_MS,
);

testOr(
  noNewer ?? noLlvmpipe,
  "llvmpipe is left alone unless it is named",
  async () => {
    const { capabilities, tried } = await detect(await probe(LLVMPIPE), { named: () => false });
    expect(capabilities.gpus).toMatchObject([{ type: "cpu", decode: [], scale: [] }]);
    expect(ranOnDevices(tried)).toEqual([]);
    expect(capabilities.encoders.map(({ encoder }) => encoder)).toContain("libx264");
  },
  LIMIT_MS,
);

testOr(
  noNewer ?? noFakeDriver,
  "two equal cards that keep nothing of what they promise: each refused, the CPU as able as ever",
  async () => {
    const driver = await buildFakeDriver();
    try {
      // A process of its own, for ffmpeg to see the fake driver as well.
      const ask = ["detect", "--json", "--ffmpeg", newer?.ffmpeg ?? "", "--ffprobe", newer?.ffprobe ?? ""];
      const cmd = [process.execPath, join(ROOT, "src", "main.ts"), ...ask];
      const env = { ...driver.env(), XDG_CACHE_HOME: folder };
      const { stdout, stderr } = await run({ cmd, cwd: folder, env });
      expect(stderr).toBe("");
      const found = JSON.parse(stdout) as Capabilities & { trials: ReturnType<typeof trialRecord>[] };
      expect(found.gpus.map(({ name, index }) => `${name} ${index}`)).toEqual([
        "Fake Card 9000 0",
        "Fake Card 9000 1",
      ]);
      expect(new Set(found.gpus.map(({ id }) => id)).size).toBe(2);
      for (const { id, decode, scale } of found.gpus) {
        expect([...decode, ...scale]).toEqual([]);
        const there = found.trials.filter(({ device }) => device === id);
        expect(there.filter(({ proven, why }) => proven || why === null)).toEqual([]);
        const vulkan = found.refused.filter(({ device, family }) => device === id && family === "vulkan");
        expect(vulkan.map(({ codec }) => codec)).toEqual(["h264", "hevc", "av1", "ffv1", "prores"]);
      }
      expect(found.encoders.map(({ encoder }) => encoder)).toContain("libx264");
    } finally {
      await driver.remove();
    }
  },
  LIMIT_MS,
);
