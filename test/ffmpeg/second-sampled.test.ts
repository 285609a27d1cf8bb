import { describe, expect, test } from "bun:test";
import { secondInFlv, secondInOgg } from "../../src/ffmpeg/second-sampled.ts";
import type { OpenSource } from "../../src/ffmpeg/source.ts";

function inMemory(bytes: Buffer): OpenSource & { asked: () => number } {
  let asked = 0;
  return {
    size: bytes.length,
    read: async ({ at, length }) => {
      asked += length;
      return bytes.subarray(at, at + length);
    },
    close: async () => undefined,
    asked: () => asked,
  };
}

const TAG_BYTES = 5000;

/** A Flash film of pictures of 40 ms that tells nothing of itself. */
function flv(pictures: number, begins_ms = 0): Buffer {
  const tags = Array.from({ length: pictures }, (_, n) => {
    const tag = Buffer.alloc(11 + TAG_BYTES + 4, 0x5a);
    tag.writeUInt8(n % 2 === 0 ? 9 : 8, 0);
    tag.writeUIntBE(TAG_BYTES, 1, 3);
    tag.writeUIntBE(begins_ms + n * 40, 4, 3);
    tag.writeUInt32BE(0, 7);
    tag.writeUInt32BE(11 + TAG_BYTES, 11 + TAG_BYTES);
    return tag;
  });
  return Buffer.concat([Buffer.from("FLV\u0001\u0005\0\0\0\u0009\0\0\0\0", "latin1"), ...tags]);
}

/** Ogg with two streams, of which the second has a page for each ten of the first one's. */
function ogg(pages: number, serial: number): Buffer {
  const numbers = new Map<number, number>();
  const page = (stream: number, begins: boolean) => {
    const made = Buffer.alloc(27 + 20 + 20 * 200, 0x5a);
    made.write("OggS", 0, "latin1");
    made.writeUInt8(0, 4);
    made.writeUInt8(begins ? 2 : 0, 5);
    made.writeUInt32LE(stream, 14);
    made.writeUInt32LE(numbers.get(stream) ?? 0, 18);
    made.writeUInt8(20, 26);
    made.fill(200, 27, 47);
    numbers.set(stream, (numbers.get(stream) ?? 0) + 1);
    return made;
  };
  const rest = Array.from({ length: pages }, (_, n) => page(n % 10 === 9 ? serial + 1 : serial, false));
  return Buffer.concat([page(serial, true), page(serial + 1, true), ...rest]);
}

const LONG = 8000;
const SHORT = 60;

describe.each([
  ["Flash", flv, secondInFlv, (pictures: number) => flv(pictures)],
  ["Ogg with streams of other numbers", ogg, secondInOgg, (pages: number) => ogg(pages, 7000)],
  ["Ogg with streams of the same numbers", ogg, secondInOgg, (pages: number) => ogg(pages, 1)],
] as const)("%s", (_, make, find, second) => {
  test.each([
    ["long and long", LONG, LONG],
    ["short and long", SHORT, LONG],
    ["long and short", LONG, SHORT],
    ["short and short", SHORT, SHORT],
  ])("%s", async (_name, a, b) => {
    const first = make(a, 1);
    const file = inMemory(Buffer.concat([first, second(b)]));
    expect(await find(file)).toBe(first.length);
    expect(file.asked()).toBeLessThan(10_000_000);
  });

  test("one alone, also cut off, with rubbish behind, or with a hole", async () => {
    const whole = make(LONG, 1);
    expect(await find(inMemory(whole))).toBeNull();
    expect(await find(inMemory(whole.subarray(0, whole.length - 3000)))).toBeNull();
    expect(await find(inMemory(Buffer.concat([whole, Buffer.alloc(500_000)])))).toBeNull();
    const hole = [whole.subarray(0, 2_000_000), Buffer.alloc(700_000), whole.subarray(2_700_000)];
    expect(await find(inMemory(Buffer.concat(hole)))).toBeNull();
  });
});

test("a clock of Flash that jumps back without a second header is no second film", async () => {
  const jumps = Buffer.concat([flv(LONG, 100_000), flv(LONG).subarray(13)]);
  expect(await secondInFlv(inMemory(jumps))).toBeNull();
});

test("what is no Ogg at all, or has only first pages, has no second film", async () => {
  expect(await secondInOgg(inMemory(Buffer.alloc(1000)))).toBeNull();
  expect(await secondInOgg(inMemory(ogg(0, 1)))).toBeNull();
});
