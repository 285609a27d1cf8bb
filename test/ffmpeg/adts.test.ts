import { expect, test } from "bun:test";
import { createAdtsReader } from "../../src/ffmpeg/adts.ts";

/** Frames of AAC LC with an empty body; ISO 14496-3, 1.A.2.2. */
function frame(rate: number, channels: number, body: number): number[] {
  const length = 7 + body;
  const head = [0xff, 0xf1, 0x40 | (rate << 2) | (channels >> 2), ((channels & 3) << 6) | (length >> 11)];
  return [...head, (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc, ...Array(body).fill(0)];
}

const steady = Array.from({ length: 9 }, (_, n) => frame(3, 2, 20 + n)).flat();
const rows: [string, number[], number][] = [
  ["one form", steady, 1],
  ["another rate", [...steady, ...frame(4, 2, 9), ...frame(4, 2, 9)], 2],
  ["more channels", [...steady, ...frame(3, 6, 9), ...frame(3, 6, 9)], 2],
  ["one odd frame is damage", [...steady, ...frame(4, 2, 9), ...steady], 1],
  ["rubbish between", [...steady, 1, 2, 3, 0xff, ...steady], 1],
  ["nothing", [], 0],
];
test.each(rows)("%s", (_name, bytes, forms) => {
  for (const piece of [1, 5, 64, 10_000]) {
    const reader = createAdtsReader();
    for (let at = 0; at < bytes.length; at += piece) reader.add(Uint8Array.from(bytes.slice(at, at + piece)));
    expect({ piece, forms: reader.forms() }).toEqual({ piece, forms });
  }
});
