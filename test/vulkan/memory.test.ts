import { read, toArrayBuffer } from "bun:ffi";
import { expect, test } from "bun:test";
import { chained } from "../../src/vulkan/layout.ts";
import { allocate, list, place, placeText } from "../../src/vulkan/memory.ts";

const LINK = chained("Link", 42, { value: "u32" });
const at = (address: bigint) => Number(address) as Parameters<typeof read.u32>[0];

test("an address is where the bytes are, for as long as the process lives", () => {
  const addresses = Array.from({ length: 1000 }, (_, index) => place(LINK, { value: index }).address);
  Bun.gc(true);
  expect(addresses.map((address) => read.u32(at(address), 16))).toEqual(addresses.map((_, index) => index));
  expect(addresses.every((address) => read.u32(at(address), 0) === 42)).toBe(true);
});

test("what a driver writes is read", () => {
  const block = place(LINK, {});
  block.view.setUint32(16, 7, true);
  expect(block.read()).toEqual({ sType: 42, pNext: 0n, value: 7 });
});

test("memory is aligned for any structure, and a text ends with a zero", () => {
  for (const bytes of [0, 1, 3, 4096]) expect(allocate(bytes).address % 8n).toBe(0n);
  expect([...new Uint8Array(placeText("vké").view.buffer)].slice(0, 5)).toEqual([118, 107, 0xc3, 0xa9, 0]);
});

/** What `list` makes of a driver that claims and gives so many, with these two results. */
function listed(driver: { claims: number; gives: number; results?: [number, number] }) {
  const [first, second] = driver.results ?? [0, 0];
  return list({
    item_bytes: 4,
    ask: (count, items) => {
      const told = new DataView(toArrayBuffer(at(count), 0, 4));
      told.setUint32(0, items === 0n ? driver.claims : driver.gives, true);
      return items === 0n ? first : second;
    },
    item: (_, start) => () => start,
  });
}

test.each<[string, Parameters<typeof listed>[0], number[] | number]>([
  ["as many as it claims", { claims: 3, gives: 3 }, [0, 4, 8]],
  ["none", { claims: 0, gives: 0 }, []],
  ["fewer", { claims: 3, gives: 1 }, [0]],
  ["more than there is room for", { claims: 2, gives: 9 }, [0, 4]],
  ["not all (VK_INCOMPLETE)", { claims: 2, gives: 2, results: [0, 5] }, [0, 4]],
  ["an error at once", { claims: 2, gives: 2, results: [-3, 0] }, -3],
  ["an error later", { claims: 2, gives: 2, results: [0, -4] }, -4],
])("a driver that gives %s", (_, driver, items) => {
  expect(listed(driver)).toEqual(items);
});

test("a driver that claims to have billions is given little memory", () => {
  expect(listed({ claims: 0xffffffff, gives: 0xffffffff })).toHaveLength(4096);
});
