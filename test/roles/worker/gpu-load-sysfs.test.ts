import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createSysfsSource } from "../../../src/roles/worker/gpu-load-sysfs.ts";
import { gpu } from "./gpu-records.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "vc-sysfs-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Puts files into the folder of a device, which is a link, as in sysfs. */
async function device(address: string, files: Record<string, string>): Promise<void> {
  const real = join(root, "devices", "pci0000:00", address);
  const link = join(root, "bus", "pci", "devices", address);
  await mkdir(dirname(link), { recursive: true });
  await mkdir(real, { recursive: true });
  await symlink(real, link).catch(() => {});
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(real, name)), { recursive: true });
    await writeFile(join(real, name), text);
  }
}

const at = (pci_address: string | null) => gpu({ id: String(pci_address), pci_address });

test.each<[string, Record<string, string>, number | undefined]>([
  ["0000:03:00.0", { gpu_busy_percent: "42\n" }, 42],
  ["0000:03:00.1", { gpu_busy_percent: "4\n", vcn_busy_percent: "91\n" }, 91],
  ["0000:03:00.2", { gpu_busy_percent: "0\n", vcn_busy_percent: "" }, 0],
  ["0000:03:00.3", { gpu_busy_percent: "what?\n" }, undefined],
  ["0000:03:00.4", { vendor: "0x10de\n" }, undefined],
])("AMD's %s with %j: %p", async (address, files, usage) => {
  await device(address, files);
  const source = createSysfsSource({ root });
  expect((await source([at(address)])).get(address)).toBe(usage as number);
});

const I915 = "drm/card0/gt/gt0/rc6_residency_ms";
test.each<[string, string, Record<string, string>, Record<string, string>, number | undefined]>([
  ["i915", "0000:00:02.0", { [I915]: "1000\n" }, { [I915]: "3500\n" }, 75],
  [
    "i915 of Meteor Lake, with a part for media",
    "0000:00:02.1",
    { [I915]: "1000\n", "drm/card0/gt/gt1/rc6_residency_ms": "2000\n" },
    { [I915]: "11000\n", "drm/card0/gt/gt1/rc6_residency_ms": "3000\n" },
    90,
  ],
  [
    "an old i915",
    "0000:00:02.2",
    { "drm/card1/power/rc6_residency_ms": "10\n" },
    { "drm/card1/power/rc6_residency_ms": "10010\n" },
    0,
  ],
  [
    "a newer i915, whose sum over its parts is no part of its own",
    "0000:00:02.3",
    { [I915]: "1000\n", "drm/card0/power/rc6_residency_ms": "1\n" },
    { [I915]: "11000\n", "drm/card0/power/rc6_residency_ms": "1\n" },
    0,
  ],
  [
    "xe",
    "0000:03:00.5",
    { "tile0/gt0/gtidle/idle_residency_ms": "500\n", "tile0/gt1/gtidle/idle_residency_ms": "500\n" },
    { "tile0/gt0/gtidle/idle_residency_ms": "8500\n", "tile0/gt1/gtidle/idle_residency_ms": "2500\n" },
    80,
  ],
  ["a sleep that is switched off", "0000:00:02.4", { [I915]: "0\n" }, { [I915]: "0\n" }, undefined],
])("Intel's %s at %s", async (_, address, before, after, usage) => {
  let time_ms = 0;
  const source = createSysfsSource({ root, clock_ms: () => time_ms });
  const look = async () => (await source([at(address)])).get(address);
  await device(address, before);
  expect(await look()).toBe(undefined);
  await device(address, after);
  time_ms = 499;
  expect(await look()).toBe(undefined);
  time_ms = 10_000;
  const found = await look();
  if (usage === undefined) expect(found).toBe(undefined);
  else expect(found).toBeCloseTo(usage, 6);
});

test("what is not there is not told", async () => {
  await device("0000:03:00.6", { gpu_busy_percent: "1\n" });
  const gpus = ["0000:03:00.6", "0000:ff:00.0", "0000:03:00.6/../0000:03:00.0", null].map(at);
  expect(await createSysfsSource({ root })(gpus)).toEqual(new Map([["0000:03:00.6", 1]]));
  expect(await createSysfsSource({ root: join(root, "nowhere") })(gpus)).toEqual(new Map());
});
