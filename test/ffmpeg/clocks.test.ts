import { expect, test } from "bun:test";
import { createRestarts, mayRestart, multiplexOf, readTicks, type Tick } from "../../src/ffmpeg/clocks.ts";

const SECOND = 90_000;

/** A pack header of MPEG-2 (ISO 13818-1, table 2-33) with this clock, and a start code behind it. */
function pack(ticks: number): Buffer {
  const bits = [
    ["01", ticks / 2 ** 30, 3],
    ["1", ticks / 2 ** 15, 15],
    ["1", ticks, 15],
  ] as const;
  const text = bits.map(
    ([mark, value, size]) => mark + (Math.floor(value) % 2 ** size).toString(2).padStart(size, "0"),
  );
  const scr = BigInt(`0b${text.join("")}1${"0".repeat(9)}1`)
    .toString(16)
    .padStart(12, "0");
  return Buffer.from(`000001ba${scr}000003f8000001e0`, "hex");
}

/** A packet of 188 bytes with a PCR. */
function packet(pid: number, ticks: number): Buffer {
  const bytes = Buffer.alloc(188, 0xff);
  bytes.write(`47${pid.toString(16).padStart(4, "0")}20b710`, "hex");
  bytes.writeUInt32BE(Math.floor(ticks / 2), 6);
  bytes.writeUInt8((ticks % 2) * 0x80, 10);
  return bytes;
}

function table(): Buffer {
  const bytes = Buffer.alloc(188, 0xff);
  bytes.write("4740001000", "hex");
  return bytes;
}

test.each([0, 1, 2 ** 15, 2 ** 28 + 5, 2 ** 33 - 1])("a clock of %d is read", (ticks) => {
  const packs = Buffer.concat([pack(ticks), Buffer.alloc(100)]);
  expect(multiplexOf(packs)).toBe("ps");
  expect(readTicks(packs, "ps", 7).ticks).toEqual([{ kind: "clock", at: 7, clock: 0, ticks }]);
  const packets = Buffer.concat([packet(256, ticks), table(), table(), table()]);
  expect(multiplexOf(packets)).toBe(188);
  expect(readTicks(packets, 188, 7).ticks.slice(0, 2)).toEqual([
    { kind: "clock", at: 7, clock: 256, ticks },
    { kind: "table", at: 195 },
  ]);
});

test("four bytes of sound that look like a pack are none", () => {
  expect(readTicks(Buffer.from(`000001ba${"00".repeat(60)}`, "hex"), "ps", 0).ticks).toEqual([]);
});

test("no byte is lost between two pieces", () => {
  const packs = Buffer.concat([0, 1, 2, 3, 4].map((n) => pack(n * SECOND)));
  const packets = Buffer.concat([0, 1, 2, 3, 4, 5].map((n) => packet(256, n * SECOND)));
  const inPieces = (bytes: Buffer, multiplex: "ps" | 188, size: number) => {
    const found: Tick[] = [];
    for (let at = 0; at < bytes.length; ) {
      const { ticks, rest } = readTicks(bytes.subarray(at, at + size), multiplex, at);
      found.push(...ticks);
      if (at + size >= bytes.length) break;
      at += rest;
    }
    return found;
  };
  for (const size of [60, 61, 70]) {
    expect(inPieces(packs, "ps", size)).toEqual(readTicks(packs, "ps", 0).ticks);
  }
  for (const size of [600, 700, 760]) {
    expect(inPieces(packets, 188, size)).toEqual(readTicks(packets, 188, 0).ticks);
  }
});

const clock = (at: number, seconds: number, pid = 256): Tick => ({
  ...{ kind: "clock", at, clock: pid },
  ticks: (((seconds * SECOND) % 2 ** 33) + 2 ** 33) % 2 ** 33,
});
const programs = (at: number): Tick => ({ kind: "table", at });

test.each<[string, Tick[], [number, number, boolean, number][]]>([
  ["goes on", [clock(0, 1), clock(1, 2), clock(2, 11)], []],
  ["wraps around", [clock(0, -1), clock(1, 1)], []],
  [
    "two programs have one each",
    [clock(0, 1, 256), clock(1, 900, 512), clock(2, 2, 256), clock(3, 901, 512)],
    [],
  ],
  ["goes back", [clock(0, 9), programs(1), clock(2, 3), clock(3, 5)], [[1, -6, true, 2]]],
  ["goes ahead", [clock(0, 9, 0), clock(2, 100, 0)], [[2, 91, true, 0]]],
  ["goes back without a table", [programs(0), clock(1, 9), clock(2, 3)], [[2, -6, false, 0]]],
  [
    "goes back, with a table of the part before",
    [clock(0, 9), programs(1), { kind: "payload", at: 2 }, clock(3, 3)],
    [[3, -6, false, 0]],
  ],
  ["the last of two tables counts", [clock(0, 9), programs(1), programs(2), clock(3, 0)], [[2, -9, true, 0]]],
])("%s", (_, ticks, expected) => {
  const restarts = createRestarts();
  for (const tick of ticks) restarts.add(tick);
  const found = restarts.result().map(({ at, jump_s, whole, lasts_s }) => [at, jump_s, whole, lasts_s]);
  expect(found).toEqual(expected);
});

test.each<[string, number[], boolean]>([
  ["even", [0, 10, 20, 30, 40], false],
  ["uneven", [0, 10, 70, 75, 80], false],
  ["back", [0, 10, 20, 5, 15], true],
  ["far ahead", [0, 10, 20, 500, 510], true],
])("places whose clocks are %s", (_, seconds, expected) => {
  expect(mayRestart(seconds.map((one, n) => [clock(n, one)]))).toBe(expected);
});
