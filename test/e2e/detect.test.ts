import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFake } from "../ffmpeg/fake.ts";
import { FAKE_GPU } from "../ffmpeg/fake-gpu.ts";
import { newer, noNewer } from "../support/newer-ffmpeg.ts";
import { run, VC } from "../support/processes.ts";
import { testOr, unlessFull } from "../support/test-or.ts";
import { buildFakeDriver, LLVMPIPE, NO_DRIVER, noFakeDriver, noLlvmpipe } from "../support/vulkan.ts";

/** `vc detect` of the compiled executable: the loader through bun:ffi, the child process, the clips, the trials. */

const driver = noFakeDriver === null ? await buildFakeDriver() : null;
const folder = await mkdtemp(join(tmpdir(), "vc-detect-"));
const cache = join(folder, "vc", "capabilities.json");
afterAll(async () => {
  await driver?.remove();
  await rm(folder, { recursive: true });
});

const vc = (env: Record<string, string>, ...args: string[]) =>
  run({ cmd: [VC, ...args], cwd: folder, env: { ...env, XDG_CACHE_HOME: folder } });
const LIMIT_MS = 600_000;
const withoutFfmpeg = ["detect", "--ffmpeg", "/nonexistent/ffmpeg"];

testOr(
  noFakeDriver,
  "the screen has both cards, what was proven on neither, and what converts films",
  async () => {
    const { exit, stdout, stderr } = await vc(driver?.env() ?? {}, "detect");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    const of_no_use = "✗ Of no use: drivers answer, but no trial with this ffmpeg worked";
    expect(stdout).toContain(`Vulkan Status: ${of_no_use}\nConversion: on the CPU\n`);
    expect(stdout).toContain("Fake Card 9000: nothing that was tried on it worked");
    expect(stdout.match(/─ Fake Card 9000\n/g)).toHaveLength(2);
    expect(stdout).toContain("PCI address: 0000:66:00.0");
    expect(
      stdout.match(/✗ AV1 \(8 and 10 bits\): the driver has no VK_KHR_video_decode_av1\n/g),
    ).toHaveLength(2);
    expect(stdout).toContain("✓ h264: libx264 (8 and 10 bits)\n");
  },
  LIMIT_MS,
);

testOr(
  noFakeDriver,
  "--json has every trial; trials are repeated when asked to",
  async () => {
    const first = await vc(driver?.env() ?? {}, "detect", "--json");
    const found = JSON.parse(first.stdout);
    expect(found).toMatchObject({
      ffmpeg: { path: expect.any(String) },
      ...{ os: process.platform, architecture: process.arch, advice: expect.any(Array) },
      vulkan: { available: true, devices: [{ video: expect.any(Array) }, { pci_address: "0000:66:00.0" }] },
      gpus: [
        { index: 0, decode: [], scale: [] },
        { index: 1, decode: [], scale: [] },
      ],
    });
    const scale = { stage: "scale", device: found.gpus[0].id, bit_depth: 8, proven: false };
    expect(found.trials).toContainEqual(expect.objectContaining({ ...scale, why: expect.any(String) }));
    const remembered = await readFile(cache, "utf8");
    await writeFile(cache, remembered.replaceAll('"why":null', '"why":"remembered"'));
    const encoders = async (...more: string[]) =>
      JSON.parse((await vc(NO_DRIVER, "detect", "--json", ...more)).stdout).encoders;
    expect(await encoders()).toEqual([]);
    expect(await encoders("--fresh")).toEqual(found.encoders);
  },
  LIMIT_MS,
);

testOr(
  noFakeDriver,
  "a GPU that makes the right pictures of the clips in the executable is proven, its neighbour that makes none is not",
  async () => {
    const body = `${FAKE_GPU}\nif (device === "1") process.exit(1);\nprocess.exit(real(device === null ? argv : plain));`;
    const ffmpeg = await makeFake(folder, "fake-ffmpeg", body, "ffmpeg", "9.0-fake");
    const ask = ["detect", "--json", "--ffmpeg", ffmpeg, "--ffprobe", Bun.which("ffprobe") ?? ""];
    const { stdout, stderr } = await vc(driver?.env() ?? {}, ...ask);
    expect(stderr).toBe("");
    const { gpus } = JSON.parse(stdout);
    expect(gpus).toMatchObject([
      { index: 0, scale: [8, 10] },
      { index: 1, scale: [], decode: [] },
    ]);
    expect(gpus[0].decode).toMatchObject([
      { codec: "h264", bit_depth: 8, limits: { min_width: 160, max_width: 8192 } },
      { codec: "hevc", bit_depth: 8 },
      { codec: "hevc", bit_depth: 10 },
      { codec: "vp9", bit_depth: 8 },
      { codec: "vp9", bit_depth: 10 },
    ]);
    const screen = await vc(driver?.env() ?? {}, "detect", ...ask.slice(2));
    expect(screen.stdout).toContain("Conversion: ✓ on the GPU");
    expect(screen.stdout).toContain("✓ HEVC (8 and 10 bits, up to 8192x4352)\n");
  },
  LIMIT_MS,
);

// A worker's tests try the same, with the films that it then converts.
testOr(
  noNewer ?? noLlvmpipe ?? unlessFull,
  "llvmpipe with a newer ffmpeg: what it really scales and encodes",
  async () => {
    const { exit, stdout } = await vc(LLVMPIPE, "detect", "--ffmpeg", newer?.ffmpeg ?? "");
    expect(exit).toBe(0);
    expect(stdout).toContain("Scaling:\n   │  └─ ✓ 8 and 10 bits\n");
    expect(stdout).toContain("✓ ffv1: ffv1_vulkan (8 and 10 bits)\n");
    expect(stdout).toContain("✓ prores: prores_ks_vulkan (10 bits)\n");
    expect(stdout).toContain(
      "✗ h264_vulkan, hevc_vulkan, av1_vulkan: the driver has no VK_KHR_video_queue\n",
    );
  },
  LIMIT_MS,
);

testOr(noFakeDriver, "a driver that crashes is told, and ends nothing", async () => {
  const { exit, stdout } = await vc(driver?.env("crash") ?? {}, ...withoutFfmpeg);
  expect(exit).toBe(1);
  expect(stdout).toContain("✗ Not available: a Vulkan driver crashed (SIGSEGV) while listing the devices\n");
});

testOr(noLlvmpipe, "llvmpipe is shown for what it is", async () => {
  const { stdout } = await vc(LLVMPIPE, ...withoutFfmpeg);
  expect(stdout).toContain("Vulkan Status: ✗ No GPU\n");
  expect(stdout).toMatch(/└─ llvmpipe .*\n {3}├─ Type: CPU \(no GPU\)\n {3}├─ Driver: llvmpipe /);
});

test("a machine without a driver, and without ffmpeg, gets both reasons and a failure", async () => {
  const { exit, stdout, stderr } = await vc(NO_DRIVER, ...withoutFfmpeg, "--json");
  expect(exit).toBe(1);
  expect(stderr).toContain("vc: /nonexistent/ffmpeg is not a program that can be started");
  expect(JSON.parse(stdout)).toMatchObject({
    vulkan: { available: false, reason: expect.stringMatching(/^no_(driver|loader)$/) },
    advice: expect.arrayContaining([expect.stringContaining("nstall ")]),
    trials: [],
  });
});

test("the hidden probe reports on one line, after an empty one", async () => {
  const { exit, stdout, stderr } = await vc(NO_DRIVER, "__probe");
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ available: false });
  expect(stdout).toMatch(/^\n\{.*\}\n$/);
  expect(stderr).toStartWith("vc-probe: opening the Vulkan loader\n");
});
