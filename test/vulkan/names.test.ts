import { expect, test } from "bun:test";
import {
  driverVersionName,
  hasMinor,
  namesOf,
  pciName,
  QUEUE_FLAGS,
  RATE_CONTROL_MODES,
  resultName,
  uuidName,
  versionName,
} from "../../src/vulkan/names.ts";

const nvidia = (major: number, minor: number, patch: number) =>
  ((major << 22) | (minor << 14) | (patch << 6)) >>> 0;

test.each([
  ["NVIDIA's own driver", { version: nvidia(580, 159, 3), driver_id: 4, vendor_id: 0x10de }, "580.159.03"],
  ["NVIDIA with a short version", { version: nvidia(566, 36, 0), driver_id: 4, vendor_id: 0x10de }, "566.36"],
  ["NVIDIA with one digit", { version: nvidia(535, 4, 5), driver_id: 4, vendor_id: 0x10de }, "535.04.05"],
  [
    "an NVIDIA that tells no id",
    { version: nvidia(440, 33, 1), driver_id: null, vendor_id: 0x10de },
    "440.33.01",
  ],
  ["Mesa on an NVIDIA card", { version: 0x06800003, driver_id: 24, vendor_id: 0x10de }, "26.0.3"],
  ["Intel on Windows", { version: (101 << 14) | 5333, driver_id: 5, vendor_id: 0x8086 }, "101.5333"],
  ["Intel with Mesa", { version: 0x06801002, driver_id: 6, vendor_id: 0x8086 }, "26.1.2"],
  ["AMD on Windows", { version: 0x00800132, driver_id: 1, vendor_id: 0x1002 }, "2.0.306"],
  ["llvmpipe", { version: 1, driver_id: 13, vendor_id: 0x10005 }, "0.0.1"],
  [
    "the largest of all numbers",
    { version: 0xffffffff, driver_id: 13, vendor_id: 0x10005 },
    "1023.1023.4095",
  ],
  ["the largest of NVIDIA's", { version: 0xffffffff, driver_id: 4, vendor_id: 0x10de }, "1023.255.255"],
])("the driver version of %s", (_, of, name) => {
  expect(driverVersionName(of)).toBe(name);
});

test.each([
  [0x004030ef, "1.3.239"],
  [0x00404000, "1.4.0"],
  [0x00400000, "1.0.0"],
  [0x20401001, "1.1.1"],
])("the Vulkan version %i is %s", (version, name) => {
  expect(versionName(version)).toBe(name);
});

test.each([
  [0x004030ef, 3, true],
  [0x004030ef, 4, false],
  [0x00401fff, 2, false],
  [0x20402000, 2, true],
  [0x00800000, 3, true],
])("%i has Vulkan 1.%i: %p", (version, minor, has) => {
  expect(hasMinor(version, minor)).toBe(has);
});

test.each([
  [0, []],
  [0x7, ["graphics", "compute", "transfer"]],
  [0x24, ["transfer", "video_decode"]],
  [0x140, ["video_encode", "optical_flow"]],
  [0x80000000 | 0x2, ["compute"]],
])("the flags %i of a queue family", (bits, names) => {
  expect<string[]>(namesOf(bits, QUEUE_FLAGS)).toEqual(names);
});

test("rate control modes have names, and what has none is left out", () => {
  expect(namesOf(0x7 | 0x800, RATE_CONTROL_MODES)).toEqual(["constant_qp", "cbr", "vbr"]);
  expect(namesOf(0, RATE_CONTROL_MODES)).toEqual([]);
});

test("a UUID is 36 letters", () => {
  expect(uuidName(Uint8Array.from({ length: 16 }, (_, index) => index * 17))).toBe(
    "00112233-4455-6677-8899-aabbccddeeff",
  );
});

test.each([
  [{ pciDomain: 0, pciBus: 0x65, pciDevice: 0, pciFunction: 0 }, "0000:65:00.0"],
  [{ pciDomain: 0x10000, pciBus: 1, pciDevice: 0x1f, pciFunction: 7 }, "10000:01:1f.7"],
])("the PCI address of %o", (of, name) => {
  expect(pciName(of)).toBe(name);
});

test("a result has Vulkan's name, or its number", () => {
  expect(resultName(-9)).toBe("VK_ERROR_INCOMPATIBLE_DRIVER");
  expect(resultName(-1000023003)).toBe("VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR");
  expect(resultName(-12345)).toBe("VkResult -12345");
});
