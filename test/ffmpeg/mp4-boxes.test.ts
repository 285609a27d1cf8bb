import { expect, test } from "bun:test";
import { join } from "node:path";
import { boxAt } from "../../src/ffmpeg/mp4-boxes.ts";
import { openSource } from "../../src/ffmpeg/source.ts";
import { box } from "../support/containers.ts";
import { temporaryFolder } from "./machine.ts";

/** A head that says a length, before `content` bytes. */
function said(length: number, content: number, long?: bigint): Buffer {
  const head = Buffer.alloc(long === undefined ? 8 : 16);
  head.writeUInt32BE(length, 0);
  head.write("free", 4, "latin1");
  if (long !== undefined) head.writeBigUInt64BE(long, 8);
  return Buffer.concat([head, Buffer.alloc(content)]);
}

test.each<[string, Buffer, number, Awaited<ReturnType<typeof boxAt>>]>([
  ["a box", box("moov", Buffer.alloc(4)), 0, { type: "moov", from: 8, to: 12 }],
  ["the one behind it", Buffer.concat([box("ftyp"), box("mdat")]), 8, { type: "mdat", from: 16, to: 16 }],
  ["one with a length of 64 bits", said(1, 4, 20n), 0, { type: "free", from: 16, to: 20 }],
  ["one that is all the rest", said(0, 5), 0, { type: "free", from: 8, to: 13 }],
  ["the end of the file", box("ftyp"), 8, null],
  ["behind the end, as damage says", box("ftyp"), 2 ** 63, null],
  ["less than a head", Buffer.alloc(7), 0, null],
  ["a length that holds not even its head", said(7, 9), 0, null],
])("%s", async (_, bytes, at, expected) => {
  const folder = await temporaryFolder();
  try {
    const path = join(folder.path, "film.mp4");
    await Bun.write(path, bytes);
    const file = await openSource(path);
    expect(file && (await boxAt(file, at))).toEqual(expected);
    expect(file).not.toBeNull();
    await file?.close();
  } finally {
    await folder.remove();
  }
});
