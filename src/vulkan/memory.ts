import { ptr } from "bun:ffi";
import { type Fields, type Given, type Layout, readStruct, type Values, writeStruct } from "./layout.ts";

/** Memory that a driver reads and writes. `address` is its place, as a C pointer. */
export type Block = { address: bigint; view: DataView };

/**
 * Everything ever handed out. Structures point at each other where the collector cannot see it, so nothing is
 * freed: the probe's process lives for a second and uses some hundred kB.
 */
const held: Block[] = [];

/** Zeroed memory, aligned for any structure. */
export function allocate(bytes: number): Block {
  const view = new DataView(new ArrayBuffer(Math.max(bytes, 8)));
  const block = { address: BigInt(ptr(view)), view };
  held.push(block);
  return block;
}

/** A structure with its type filled in; `read` tells what a driver has made of it. */
export function place<F extends Fields>(layout: Layout<F>, given: Given<F>): Block & { read(): Values<F> } {
  const block = allocate(layout.size);
  writeStruct({ layout, view: block.view, start: 0, given });
  return { ...block, read: () => readStruct(layout, block.view) };
}

/** A text as C has it: UTF-8 with a zero at its end. */
export function placeText(text: string): Block {
  const bytes = new TextEncoder().encode(text);
  const block = allocate(bytes.length + 1);
  new Uint8Array(block.view.buffer).set(bytes);
  return block;
}

/** More than any honest driver has of anything; what a broken one says must not become gigabytes. */
const MOST = 4096;

/**
 * Vulkan's way to hand out lists: asked with no memory it says how many there are, asked again it fills them in.
 * `item` prepares one before that, and returns what reads it afterwards. Returns the items, or a negative VkResult.
 */
export function list<T>(of: {
  item_bytes: number;
  ask: (count: bigint, items: bigint) => number;
  item: (view: DataView, start: number) => () => T;
}): T[] | number {
  const count = allocate(4);
  const first = of.ask(count.address, 0n);
  if (first < 0) return first;
  const wanted = Math.min(count.view.getUint32(0, true), MOST);
  const { view, address } = allocate(wanted * of.item_bytes);
  const readers = Array.from({ length: wanted }, (_, index) => of.item(view, index * of.item_bytes));
  count.view.setUint32(0, wanted, true);
  const second = of.ask(count.address, address);
  if (second < 0) return second;
  return readers.slice(0, count.view.getUint32(0, true)).map((read) => read());
}
