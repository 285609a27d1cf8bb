import { describe, expect, test } from "bun:test";
import { filmSignature } from "../../src/ffmpeg/signature.ts";

function bytes(at: Record<number, string | number[]>): Uint8Array {
  const head = new Uint8Array(1024);
  for (const [offset, value] of Object.entries(at)) {
    head.set(typeof value === "string" ? new TextEncoder().encode(value) : value, Number(offset));
  }
  return head;
}

describe("the first bytes", () => {
  const rows: [string | null, Uint8Array][] = [
    ["Matroska or WebM", bytes({ 0: [0x1a, 0x45, 0xdf, 0xa3] })],
    ["MP4 or QuickTime", bytes({ 4: "ftypisom" })],
    ["MP4 or QuickTime", bytes({ 4: "mdat" })],
    ["AVI", bytes({ 0: "RIFF", 8: "AVI " })],
    ["FLV", bytes({ 0: "FLV\u0001" })],
    ["Ogg", bytes({ 0: "OggS" })],
    ["RealMedia", bytes({ 0: ".RMF" })],
    ["MXF", bytes({ 0: [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02] })],
    ["MPEG program stream", bytes({ 0: [0, 0, 1, 0xba] })],
    ["MPEG transport stream", bytes({ 0: [0x47], 188: [0x47], 376: [0x47], 564: [0x47] })],
    ["MPEG transport stream", bytes({ 4: [0x47], 196: [0x47], 388: [0x47], 580: [0x47] })],
    [null, bytes({ 0: "RIFF", 8: "WAVE" })],
    [null, bytes({ 0: "G is for giraffe" })],
    [null, bytes({})],
    [null, new Uint8Array(0)],
  ];
  test.each(rows)("%s", (name, head) => {
    expect(filmSignature(head)).toBe(name);
  });
});
