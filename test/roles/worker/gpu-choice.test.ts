import { describe, expect, test } from "bun:test";
import { chooseGpu, type GpuWishes, isNamed, usableGpus } from "../../../src/roles/worker/gpu-choice.ts";
import { NO_DEVICE_OPTIONS } from "../../../src/shared/gpu.ts";
import { gpu } from "./gpu-records.ts";

const one = gpu({ id: "uuid-1", index: 1, name: "NVIDIA L4" });
const two = gpu({ id: "uuid-2", index: 2, name: "NVIDIA L4" });
const arc = gpu({ id: "uuid-3", index: 3, name: "Intel Arc A380" });
const llvmpipe = gpu({ id: "uuid-0", index: 0, name: "llvmpipe (LLVM 15)", type: "cpu" });

test.each<[string, boolean]>([
  ["auto", false],
  ["1", true],
  ["2", false],
  ["uuid-1", true],
  ["UUID-1", true],
  ["uuid", false],
  ["l4", true],
  ["NVIDIA", true],
  ["Arc", false],
])("%p names the first L4: %p", (preferred, named) => {
  expect(isNamed(preferred, one)).toBe(named);
});

describe("the usable GPUs", () => {
  const all = [llvmpipe, one, two, arc];
  const rows: [string, typeof all, Partial<GpuWishes>, string[], string | null][] = [
    ["are all real ones", all, {}, ["uuid-1", "uuid-2", "uuid-3"], null],
    ["are two equal cards where both are named", all, { preferred_device: "l4" }, ["uuid-1", "uuid-2"], null],
    ["are one of them by its index", all, { preferred_device: "2" }, ["uuid-2"], null],
    ["are llvmpipe where it is named", all, { preferred_device: "llvmpipe" }, ["uuid-0"], null],
    ["are none where Vulkan is not to be used", all, { use_vulkan: false }, [], "ffmpeg.use_vulkan is false"],
    ["are none on a machine without", [], {}, [], "Vulkan shows no GPU on this machine"],
    [
      "are none where only the CPU computes",
      [llvmpipe],
      {},
      [],
      "Vulkan shows only llvmpipe (LLVM 15) (0), which computes on the CPU; vulkan.preferred_device can name it",
    ],
    [
      "are none where the named one is not there",
      [one, arc],
      { preferred_device: "RTX" },
      [],
      'no device is called "RTX" (vulkan.preferred_device); there are: NVIDIA L4 (1), Intel Arc A380 (3)',
    ],
    [
      "are none where nothing worked",
      [gpu({ ...one, decode: [], scale: [] })],
      {},
      [],
      "nothing that was tried on NVIDIA L4 (1) worked; `vc detect` says what and why",
    ],
  ];
  test.each(rows)("%s", (_, gpus, wishes, ids, why) => {
    const found = usableGpus(
      { gpus, encoders: [] },
      { use_vulkan: "auto", preferred_device: "auto", ...wishes },
    );
    expect(found.gpus.map(({ id }) => id)).toEqual(ids);
    expect(found.why).toBe(why);
  });

  test("are also those on which only an encoder was proven", () => {
    const bare = gpu({ ...one, decode: [], scale: [] });
    const ffv1 = {
      family: "vulkan" as const,
      codec: "ffv1",
      encoder: "ffv1_vulkan",
      ten_bit: false,
      device: "uuid-1",
      open: NO_DEVICE_OPTIONS,
      limits: null,
    };
    const wishes = { use_vulkan: true, preferred_device: "auto" } as const;
    expect(usableGpus({ gpus: [bare], encoders: [ffv1] }, wishes)).toEqual({ gpus: [bare], why: null });
  });
});

describe("the next film", () => {
  const choose = (used: Record<string, number>, parked: string[] = []) =>
    chooseGpu({
      usable: [arc, two, one],
      slots: 2,
      used: new Map(Object.entries(used)),
      parked: ({ id, name }) => (parked.includes(id) ? `${name} is parked` : null),
    });
  const rows: [string, Record<string, number>, string[], string][] = [
    ["goes to the lowest index", {}, [], "uuid-1"],
    ["goes where most slots are free", { "uuid-1": 1 }, [], "uuid-2"],
    ["goes where one is free", { "uuid-1": 2, "uuid-2": 2, "uuid-3": 1 }, [], "uuid-3"],
    ["goes to none that is parked", { "uuid-2": 1 }, ["uuid-1"], "uuid-3"],
  ];
  test.each(rows)("%s", (_, used, parked, id) => {
    expect(choose(used, parked)).toMatchObject({ gpu: { id } });
  });

  test.each<[string, string[], string]>([
    [
      "says who is parked and that the rest is full",
      ["uuid-3"],
      "Intel Arc A380 is parked; all 4 slots (vulkan.slots_per_device) of NVIDIA L4 (2), NVIDIA L4 (1) are taken",
    ],
    [
      "says that all are parked",
      ["uuid-1", "uuid-2", "uuid-3"],
      "Intel Arc A380 is parked; NVIDIA L4 is parked; NVIDIA L4 is parked",
    ],
  ])("without a GPU %s", (_, parked, why) => {
    expect(choose({ "uuid-1": 2, "uuid-2": 2, "uuid-3": 2 }, parked)).toEqual({ why });
  });
});
