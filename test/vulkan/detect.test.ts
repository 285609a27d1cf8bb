import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeVulkan } from "../../src/vulkan/detect.ts";
import { processesWith } from "../support/processes.ts";
import { ROOT } from "../support/sources.ts";
import { testOr } from "../support/test-or.ts";
import { until } from "../support/until.ts";
import { buildFakeDriver, noFakeDriver } from "../support/vulkan.ts";

const PROBE = [process.execPath, join(ROOT, "src", "main.ts"), "__probe"];
const driver = noFakeDriver === null ? await buildFakeDriver() : null;
const folder = await mkdtemp(join(tmpdir(), "vc-detect-"));
afterAll(async () => {
  await driver?.remove();
  await rm(folder, { recursive: true });
});

/** A child that runs this script instead of the probe. The folder's name is in its arguments, to be found by. */
const script = (text: string) => [process.execPath, "-e", text, folder];
const REPORT = JSON.stringify({
  available: true,
  loader: "libvulkan.so.1",
  loader_version: "1.3.239",
  devices: [],
});

testOr(noFakeDriver, "a driver that crashes costs one sentence", async () => {
  const probe = await probeVulkan({ command: PROBE, env: driver?.env("crash") ?? {} });
  expect(probe).toEqual({
    available: false,
    reason: "crashed",
    message: "a Vulkan driver crashed (SIGSEGV) while listing the devices",
  });
});

testOr(noFakeDriver, "a driver that hangs is killed", async () => {
  const probe = await probeVulkan({ command: PROBE, env: driver?.env("hang") ?? {}, limit_ms: 15_000 });
  expect(probe).toEqual({
    available: false,
    reason: "hung",
    message: "a Vulkan driver gave no answer within 15 s while listing the devices",
  });
});

testOr(noFakeDriver, "a driver that hangs at the end, or talks in between, takes nothing away", async () => {
  for (const mode of ["linger", "chatter"] as const) {
    const probe = await probeVulkan({ command: PROBE, env: driver?.env(mode) ?? {} });
    expect(probe).toMatchObject({ available: true, devices: [{ index: 0 }, { index: 1 }] });
  }
});

test("a report counts as soon as it is whole, whatever becomes of its writer, which is killed", async () => {
  const text = `process.stdout.write(${JSON.stringify(`${REPORT}\n`)}); setInterval(() => {}, 1000);`;
  expect(await probeVulkan({ command: script(text) })).toEqual(JSON.parse(REPORT));
  await until("the child is gone", async () => (await processesWith(folder)).length === 0);
  const crashing = `await Bun.write(Bun.stdout, ${JSON.stringify(`\nnoise\n${REPORT}\n`)}); process.abort();`;
  expect(await probeVulkan({ command: script(crashing) })).toEqual(JSON.parse(REPORT));
});

test.each([
  ["silence", "void 0", "the Vulkan probe ended without a readable report"],
  ["no JSON", "console.log('GPU: yes')", "the Vulkan probe ended without a readable report"],
  [
    "another record",
    "console.log('{\"available\":true}')",
    "the Vulkan probe ended without a readable report",
  ],
  ["endless talk", "for (;;) console.log('x'.repeat(99999));", "the Vulkan probe never stops talking"],
])("rubbish from the child: %s", async (_, text, message) => {
  const probe = await probeVulkan({ command: script(text) });
  expect(probe).toEqual({ available: false, reason: "unreadable", message });
});

test("a child that fails says where it was", async () => {
  const text =
    "console.error('noise vc-probe: one'); console.error('vc-probe: two\\nlast'); process.exit(9);";
  expect(await probeVulkan({ command: script(text) })).toEqual({
    available: false,
    reason: "crashed",
    message: "a Vulkan driver crashed (exit code 9) while two",
  });
});

test("a probe that cannot be started is no reason to stop", async () => {
  const probe = await probeVulkan({ command: [join(folder, "no-such-program")] });
  expect(probe).toMatchObject({ available: false, reason: "unreadable" });
  expect(probe).toHaveProperty("message", expect.stringContaining("could not be started"));
});
