import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { NEWER_FFMPEG } from "../../scripts/newer-ffmpeg.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { type Ended, run } from "../support/processes.ts";
import { ROOT } from "../support/sources.ts";
import { testOr } from "../support/test-or.ts";

const folder = await mkdtemp(join(tmpdir(), "vc-newer-"));
afterAll(() => rm(folder, { recursive: true }));

const DEVICE = ["-init_hw_device", "vulkan=vk:0", "-filter_hw_device", "vk"];
/** Ten frames; 256x256, as ffv1_vulkan takes subsampled pictures only where it can cut them evenly. */
const CLIP = ["-f", "lavfi", "-i", "testsrc2=s=256x256:r=10:d=1"];

const start = (program: "ffmpeg" | "ffprobe", args: string[], env = newer?.env ?? {}): Promise<Ended> =>
  run({ cmd: [newer?.[program] ?? program, "-v", "error", ...args], cwd: folder, env });

const ffmpeg = (...args: string[]) => start("ffmpeg", ["-y", ...DEVICE, ...CLIP, ...args]);

/** What the CPU decodes: one line a frame. */
async function decoded(name: string): Promise<{ codec: string; frames: number; stderr: string }> {
  const shown = await start("ffprobe", ["-show_entries", "stream=codec_name", "-of", "csv=p=0", name]);
  const { stdout, stderr } = await start("ffmpeg", ["-xerror", "-i", name, "-f", "framemd5", "-"]);
  return { codec: shown.stdout.trim(), frames: stdout.match(/^0,/gm)?.length ?? 0, stderr };
}

describe("ffmpeg with Vulkan codecs, on llvmpipe", () => {
  testOr(noNewer, "is of version 8.1 or later", async () => {
    const { stdout } = await run({ cmd: [newer?.ffmpeg ?? "", "-version"], cwd: folder, env: {} });
    const [, major, minor] = /^ffmpeg version (\d+)\.(\d+)/.exec(stdout) ?? [];
    expect(Number(major) * 100 + Number(minor)).toBeGreaterThanOrEqual(801);
  });

  testOr(noNewer, "scales on the device", async () => {
    const filter = "format=yuv420p,hwupload,scale_vulkan=w=128:h=64,hwdownload,format=yuv420p";
    const { exit, stdout, stderr } = await ffmpeg("-vf", filter, "-f", "framemd5", "-");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toContain("#dimensions 0: 128x64");
    const pictures = [...stdout.matchAll(/^0,.*, (\w{32})$/gm)].map(([, md5]) => md5);
    expect(new Set(pictures).size).toBe(10);
  });

  for (const [encoder, codec, format, name] of [
    ["ffv1_vulkan", "ffv1", "yuv420p", "a.mkv"],
    ["prores_ks_vulkan", "prores", "yuv422p10", "a.mov"],
  ] as const)
    testOr(noNewer, `${encoder} encodes what the CPU decodes`, async () => {
      const { exit, stderr } = await ffmpeg("-vf", `format=${format},hwupload`, "-c:v", encoder, name);
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
      expect(await decoded(name)).toEqual({ codec, frames: 10, stderr: "" });
    });

  testOr(noNewer, "h264_vulkan is refused, for llvmpipe has none", async () => {
    const { exit, stderr } = await ffmpeg("-vf", "format=nv12,hwupload", "-c:v", "h264_vulkan", "h.mp4");
    expect(exit).not.toBe(0);
    expect(stderr).toContain("h264_vulkan");
  });

  testOr(noNewer, "the environment decides which driver it sees", async () => {
    const args = [...DEVICE, ...CLIP, "-f", "null", "-"];
    const withDriver = (path: string) =>
      start("ffmpeg", args, { ...newer?.env, VK_DRIVER_FILES: path }).then(({ exit }) => exit);
    expect(await withDriver("/usr/share/vulkan/icd.d/lvp_icd.json")).toBe(0);
    expect(await withDriver("/nonexistent/driver.json")).not.toBe(0);
  });
});

describe("the script that fetches it", () => {
  /** On a machine where nothing but Bun can be started. */
  const fetchInto = (cache: string) => {
    const env = { HOME: folder, XDG_CACHE_HOME: cache, PATH: cache };
    return run({ cmd: [process.execPath, join("scripts", "newer-ffmpeg.ts")], cwd: ROOT, env });
  };

  test("says in one line why it cannot, and leaves nothing behind", async () => {
    const cache = await mkdtemp(join(folder, "empty-"));
    const { exit, stderr } = await fetchInto(cache);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^a newer ffmpeg is fetched on Linux with Debian's apt only.*\n$/);
    expect(await readdir(cache)).not.toContain(basename(dirname(NEWER_FFMPEG)));
  });

  test("has nothing to do where it was before", async () => {
    const cache = await mkdtemp(join(folder, "full-"));
    const there = join(cache, basename(dirname(NEWER_FFMPEG)), basename(NEWER_FFMPEG));
    await mkdir(there, { recursive: true });
    const { exit, stderr } = await fetchInto(cache);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: `A newer ffmpeg is in ${there}.\n` });
  });
});
