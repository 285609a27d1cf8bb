import { describe, expect, test } from "bun:test";
import {
  busyBetween,
  highest,
  isSameGpu,
  type NvidiaLoad,
  parseCounter,
  parseNvidiaLoads,
  parsePercent,
  pciPlace,
} from "../../../src/roles/worker/gpu-load-parse.ts";

const UUID = "GPU-c85bc011-8630-41ed-fa1e-9899527916de";
const card = (usage: number | null, changes: Partial<NvidiaLoad> = {}): NvidiaLoad => ({
  uuid: UUID,
  pci_address: "00000000:65:00.0",
  usage,
  ...changes,
});

describe("nvidia-smi", () => {
  test.each<[string, string, NvidiaLoad[]]>([
    ["an idle card", `${UUID}, 00000000:65:00.0, 0, 0, 0\n`, [card(0)]],
    ["the busiest part counts", `${UUID}, 00000000:65:00.0, 4, 0, 87\n`, [card(87)]],
    ["one figure, as of old drivers", `${UUID}, 00000000:65:00.0, 12`, [card(12)]],
    ["some figures untold", `${UUID}, 00000000:65:00.0, 12, [N/A], [Not Supported]\n`, [card(12)]],
    ["none told, as with MIG", `${UUID}, 00000000:65:00.0, [N/A], [N/A], [N/A]\n`, [card(null)]],
    ["a figure that cannot be", `${UUID}, 00000000:65:00.0, 18446744073709551615, 101, -1\n`, [card(null)]],
    ["units all the same", `${UUID}, 00000000:65:00.0, 12 %, 0 %\n`, [card(null)]],
    [
      "two cards, and Windows' ends of lines",
      `${UUID}, 00000000:65:00.0, 1\r\nGPU-00000000-0000-0000-0000-00000000000A, 00000001:C1:00.0, 2\r\n`,
      [
        card(1),
        { uuid: "GPU-00000000-0000-0000-0000-00000000000A", pci_address: "00000001:C1:00.0", usage: 2 },
      ],
    ],
    ["no driver", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", []],
    ["no cards", "No devices were found\n", []],
    ["a name alone", `${UUID}, 00000000:65:00.0\n`, []],
    ["nothing", "", []],
    ["garbage", "\u0000,,,,\n%PDF-1.7, 3, 4, 5, 6\n", []],
  ])("%s", (_, text, loads) => expect(parseNvidiaLoads(text)).toEqual(loads));

  test.each<[string, string | null, string, boolean]>([
    ["its place", "0000:65:00.0", "another", true],
    ["another place, whatever the UUID", "0000:66:00.0", "c85bc011-8630-41ed-fa1e-9899527916de", false],
    ["another domain", "0001:65:00.0", "c85bc011-8630-41ed-fa1e-9899527916de", false],
    ["its UUID", null, "c85bc011-8630-41ed-fa1e-9899527916de", true],
    ["its UUID in capitals without hyphens", null, "C85BC011863041EDFA1E9899527916DE", true],
    ["its UUID, as its place is unreadable", "bus 65", "c85bc011-8630-41ed-fa1e-9899527916de", true],
    ["neither", null, "index:0", false],
  ])("a card is known by %s", (_, pci_address, id, same) =>
    expect(isSameGpu(card(0), { id, pci_address })).toBe(same),
  );
});

test.each([
  ["00000000:65:00.0", "0000:65:00.0"],
  ["0000:c1:00.0", "0000:c1:00.0"],
  ["0000:C1:00.0", "0000:c1:00.0"],
  ["00010000:01:00.7", "10000:01:00.7"],
  ["65:00.0", null],
  ["0000:65:00.8", null],
  ["../../../etc", null],
  ["0000:65:00.0/..", null],
])("the place of %p is %p", (address, place) => expect(pciPlace(address)).toBe(place));

test.each([
  ["0\n", 0, 0],
  ["100\n", 100, 100],
  ["101\n", null, 101],
  ["123456789012345\n", null, 123456789012345],
  ["1234567890123456\n", null, null],
  ["-1\n", null, null],
  ["1.5\n", null, null],
  ["", null, null],
  ["N/A", null, null],
])("%j is %p percent, or the number %p", (text, percent, counter) => {
  expect(parsePercent(text)).toBe(percent);
  expect(parseCounter(text)).toBe(counter);
});

test("the highest of what is known", () => {
  expect(highest([3, null, 7])).toBe(7);
  expect(highest([null, null])).toBe(null);
  expect(highest([])).toBe(null);
});

type Times = Record<string, number>;
test.each<[string, Times, Times, number, number | null]>([
  ["half asleep", { gt0: 1000 }, { gt0: 1500 }, 1000, 50],
  ["awake", { gt0: 1000 }, { gt0: 1000 }, 1000, 100],
  ["asleep", { gt0: 1000 }, { gt0: 2000 }, 1000, 0],
  ["asleep by a clock that ticks otherwise", { gt0: 1000 }, { gt0: 2010 }, 1000, 0],
  ["the busier of two parts", { gt0: 1000, gt1: 500 }, { gt0: 1900, gt1: 700 }, 1000, 80],
  ["never asleep: the sleep is switched off", { gt0: 0 }, { gt0: 0 }, 1000, null],
  ["one part that never sleeps", { gt0: 0, gt1: 100 }, { gt0: 0, gt1: 900 }, 1000, 20],
  ["a counter begun anew", { gt0: 1000 }, { gt0: 10 }, 1000, null],
  ["a part that was not there before", {}, { gt0: 10 }, 1000, null],
  ["a part that is gone", { gt0: 10 }, {}, 1000, null],
  ["no time between", { gt0: 1000 }, { gt0: 1000 }, 0, null],
])("%s", (_, before, now, passed_ms, busy) => {
  const looks = [before, now].map((times) => new Map(Object.entries(times)));
  const [first = new Map(), second = new Map()] = looks;
  const share = busyBetween({ idle_ms: first, at_ms: 5000 }, { idle_ms: second, at_ms: 5000 + passed_ms });
  if (busy === null) expect(share).toBe(null);
  else expect(share).toBeCloseTo(busy, 6);
});
