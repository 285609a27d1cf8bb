import { expect, test } from "bun:test";
import { chained, readStruct, struct, writeStruct } from "../../src/vulkan/layout.ts";

test("members lie at multiples of their alignment, and so does the end", () => {
  const layout = struct("Mixed", { a: "u8", b: "u32", c: "u8", d: "u64", e: "text:3", f: "u32", g: "u8" });
  const offsets = Object.values(layout.members).map(({ offset }) => offset);
  expect(offsets).toEqual([0, 4, 8, 16, 24, 28, 32]);
  expect(layout).toMatchObject({ size: 40, alignment: 8, type: null });
});

test("bytes and texts need no alignment", () => {
  expect(struct("Texts", { a: "text:5", b: "bytes:2" })).toMatchObject({ size: 7, alignment: 1 });
});

test("a chained structure begins with its type and the next one", () => {
  const layout = chained("Link", 1000059001, { value: "u32" });
  expect(layout.members).toEqual({
    sType: { kind: "u32", offset: 0 },
    pNext: { kind: "pointer", offset: 8 },
    value: { kind: "u32", offset: 16 },
  });
  expect(layout.size).toBe(24);
});

test("what is written is read, at any place", () => {
  const layout = chained("All", 7, {
    small: "u8",
    unsigned: "u32",
    signed: "i32",
    large: "u64",
    address: "pointer",
  });
  const view = new DataView(new ArrayBuffer(layout.size + 8));
  const given = {
    pNext: 2n ** 63n,
    small: 255,
    unsigned: 2 ** 32 - 1,
    signed: -3,
    large: 2 ** 40,
    address: 1n,
  };
  writeStruct({ layout, view, start: 8, given });
  expect(readStruct(layout, view, 8)).toEqual({ sType: 7, ...given });
  expect(new Uint8Array(view.buffer, 0, 8)).toEqual(new Uint8Array(8));
});

test("a text ends at its zero, or with its array", () => {
  const layout = struct("Texts", { name: "text:4", uuid: "bytes:2" });
  const view = new DataView(new TextEncoder().encode("ab\0?xyabcdxy").buffer);
  expect(readStruct(layout, view)).toEqual({ name: "ab", uuid: new Uint8Array([120, 121]) });
  expect(readStruct(layout, view, 6).name).toBe("abcd");
});

test("what is left out stays as it is, and an unknown member is a bug", () => {
  const layout = struct("Two", { a: "u32", b: "u32" });
  const view = new DataView(new ArrayBuffer(8));
  writeStruct({ layout, view, start: 0, given: { b: 5 } });
  expect(readStruct(layout, view)).toEqual({ a: 0, b: 5 });
  expect(() => writeStruct({ layout, view, start: 0, given: { c: 1 } as object })).toThrow(
    "Two has no member c",
  );
});
