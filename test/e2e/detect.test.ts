import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, VC } from "../support/processes.ts";
import { testOr } from "../support/test-or.ts";
import { buildFakeDriver, LLVMPIPE, NO_DRIVER, noFakeDriver, noLlvmpipe } from "../support/vulkan.ts";

/** `vc detect` of the compiled executable: the loader through bun:ffi, the child process, the trials. */

const driver = noFakeDriver === null ? await buildFakeDriver() : null;
const folder = await mkdtemp(join(tmpdir(), "vc-detect-"));
const cache = join(folder, "vc", "capabilities.json");
afterAll(async () => {
  await driver?.remove();
  await rm(folder, { recursive: true });
});

const vc = (env: Record<string, string>, ...args: string[]) =>
  run({ cmd: [VC, ...args], cwd: folder, env: { ...env, XDG_CACHE_HOME: folder } });
const LIMIT_MS = 120_000;
const withoutFfmpeg = ["detect", "--ffmpeg", "/nonexistent/ffmpeg"];

testOr(
  noFakeDriver,
  "the screen has both cards, what they offer, and what converts films",
  async () => {
    const { exit, stdout, stderr } = await vc(driver?.env() ?? {}, "detect");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toContain("Vulkan Status: ✓ Available\nConversion: on the CPU");
    expect(stdout.match(/─ Fake Card 9000/g)).toHaveLength(2);
    expect(stdout).toContain("PCI address: 0000:66:00.0");
    expect(stdout).toContain("Encoding offered: H.264 (8 bits, up to 8192x4352), HEVC (8 and 10 bits");
    expect(stdout).toContain("h264: libx264 (software");
  },
  LIMIT_MS,
);

testOr(
  noFakeDriver,
  "--json has everything; trials are repeated when asked to",
  async () => {
    const first = await vc(driver?.env() ?? {}, "detect", "--json");
    const found = JSON.parse(first.stdout);
    expect(found).toMatchObject({
      ffmpeg: { path: expect.any(String) },
      os: process.platform,
      architecture: process.arch,
      advice: [],
      vulkan: { available: true, devices: [{ video: expect.any(Array) }, { pci_address: "0000:66:00.0" }] },
    });
    const remembered = JSON.parse(await readFile(cache, "utf8"));
    await writeFile(cache, JSON.stringify({ ...remembered, encoders: [], refused: [] }));
    const encoders = async (...more: string[]) =>
      JSON.parse((await vc(NO_DRIVER, "detect", "--json", ...more)).stdout).encoders;
    expect(await encoders()).toEqual([]);
    expect(await encoders("--fresh")).toEqual(found.encoders);
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
  });
});

test("the hidden probe reports on one line, after an empty one", async () => {
  const { exit, stdout, stderr } = await vc(NO_DRIVER, "__probe");
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ available: false });
  expect(stdout).toMatch(/^\n\{.*\}\n$/);
  expect(stderr).toStartWith("vc-probe: opening the Vulkan loader\n");
});
