import { afterAll, expect } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFilm, probeFilm } from "../support/films.ts";
import { recallTrials } from "../support/known-trials.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import type { Site } from "../support/site.ts";
import { siteTest } from "../support/site-test.ts";
import { unlessFull } from "../support/test-or.ts";
import { until } from "../support/until.ts";
import { buildFakeDriver, LLVMPIPE, noFakeDriver, noLlvmpipe } from "../support/vulkan.ts";

/** Films through Vulkan with the compiled executable, on Mesa's llvmpipe, which is slow and right. */

const noVulkan = noNewer ?? noLlvmpipe;
const driver = noFakeDriver === null ? await buildFakeDriver() : null;
/** What the first worker has found out about llvmpipe and the newer ffmpeg is known to the next ones. */
const known = await mkdtemp(join(tmpdir(), "vc-gpu-"));
afterAll(async () => {
  await driver?.remove();
  await rm(known, { recursive: true });
});

type Conversion = { codec: string; container: string };

/** Converts one film of 512x256 to half its size on a worker in that environment, and returns the screen of its job. */
async function convertOn(
  site: Site,
  of: { conversion: Conversion; env: Record<string, string>; ffmpeg?: object; vulkan?: object },
): Promise<string> {
  await makeFilm(join(site.films, "a.mp4"), { size: "512x256" });
  await site.master({ conversion: { ...of.conversion, target_resolution: "256x128" } });
  const variables = Object.entries(of.env).map(([name, value]) => `${name}=${value}`);
  const cache_path = join(site.folder, "cache-gpu");
  const trials = join(known, of.ffmpeg === undefined ? "own.json" : "newer.json");
  await mkdir(cache_path);
  if (existsSync(trials)) await copyFile(trials, join(cache_path, "capabilities.json"));
  else if (of.ffmpeg === undefined) await recallTrials(cache_path);
  const settings = { ffmpeg: { ...of.ffmpeg }, vulkan: { ...of.vulkan }, storage: { cache_path } };
  await site.worker("w", { settings, prefix: ["env", ...variables] });
  const jobs = await site.settled(1);
  expect(jobs.get("a.mp4")).toMatchObject({ status: "completed", attempt: 1, retry_count: 0 });
  await copyFile(join(cache_path, "capabilities.json"), trials);
  const { stdout } = await site.vc("jobs", jobs.get("a.mp4")?.id ?? "");
  return stdout;
}

const llvmpipe = {
  env: LLVMPIPE,
  ffmpeg: { path: newer?.ffmpeg, use_vulkan: true },
  vulkan: { preferred_device: "llvmpipe" },
};

for (const [codec, encoder] of [
  ["ffv1", "ffv1_vulkan"],
  ["prores", "prores_ks_vulkan"],
] as const) {
  siteTest(noVulkan, `a film is scaled and encoded to ${codec} through Vulkan`, async (site) => {
    const screen = await convertOn(site, { ...llvmpipe, conversion: { codec, container: "mkv" } });
    expect(screen).toContain(`Decode: cpu, filter: vulkan, encode: ${encoder} (vulkan), on llvmpipe`);
    expect(screen).toContain("decode through Vulkan: no GPU decodes mpeg4");
    const made = await probeFilm(join(site.converted, "a.mkv"));
    expect(made).toEqual({ codec, width: 256, frames: 50 });
    // With its next heartbeat.
    await until("the worker tells its GPU", async () =>
      (await site.vc("workers")).stdout.includes("llvmpipe"),
    );
  });
}

siteTest(noVulkan, "h264 falls down to the CPU, and the reasons are told", async (site) => {
  const screen = await convertOn(site, { ...llvmpipe, conversion: { codec: "h264", container: "mp4" } });
  expect(screen).toContain("Decode: cpu, filter: cpu, encode: libx264 (software)");
  expect(screen).toMatch(/Not taken \(vulkan\): h264_vulkan: /);
  expect(screen).toMatch(/Not taken \(nvenc\): h264_nvenc: /);
  expect(await probeFilm(join(site.converted, "a.mp4"))).toMatchObject({ codec: "h264", frames: 50 });
});

// test/roles/worker tries the same choice without films.
siteTest(
  noVulkan ?? unlessFull,
  "llvmpipe is not used by itself, and a device that is not there is told",
  async (site) => {
    const { ffmpeg, env } = llvmpipe;
    const vulkan = { preferred_device: "RTX 9090" };
    const screen = await convertOn(site, {
      env,
      ffmpeg,
      vulkan,
      conversion: { codec: "ffv1", container: "mkv" },
    });
    expect(screen).toContain("encode: ffv1 (software)");
    expect(screen).toContain('no device is called "RTX 9090" (vulkan.preferred_device); there are: llvmpipe');
  },
);

siteTest(
  noFakeDriver,
  "two equal cards on which every trial fails leave the work to the CPU",
  async (site) => {
    const env = driver?.env() ?? {};
    const screen = await convertOn(site, { env, conversion: { codec: "h264", container: "mp4" } });
    expect(screen).toContain("Decode: cpu, filter: cpu, encode: libx264 (software)");
    expect(screen).toContain("nothing that was tried on Fake Card 9000 (0), Fake Card 9000 (1) worked");
  },
);
