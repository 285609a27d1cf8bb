import { describe, expect, test } from "bun:test";
import { bytePath } from "../../src/shared/endpoints-transfer.ts";
import * as wire from "../../src/shared/transfer.ts";

test("a piece's hash is what xxhsum -H3 prints of the bytes", () => {
  const hashes = ["", "hello world"].map((text) => wire.pieceHash(new TextEncoder().encode(text)));
  expect(hashes).toEqual(["2d06800538d394c2", "d447b1ea40e6988b"]);
  // From its stripes' length on it takes another way.
  expect(wire.pieceHash(new Uint8Array(100_000))).not.toBe(
    wire.pieceHash(new Uint8Array(100_000).with(99_999, 1)),
  );
});

test.each<[string | null, string | null]>([
  ["2d06800538d394c2", "2d06800538d394c2"],
  [null, null],
  ["", null],
  ["2d06800538d394c", null],
  ["2d06800538d394c2, 2d06800538d394c2", null],
  ["sha-256=:AAAA:", null],
])("the hash in %p", (header, hash) => expect(wire.parsePieceHash(header)).toBe(hash));

test.each<[string | null, wire.ByteRange | null]>([
  ["bytes=0-0", { from: 0, to: 0 }],
  ["bytes=5-", { from: 5, to: null }],
  [" bytes=1-999999999999999 ", { from: 1, to: 999_999_999_999_999 }],
  ["bytes=-5", null],
  ["bytes=2-1", null],
  ["bytes=0-1,2-3", null],
  ["bytes=0x1-", null],
  ["bytes=9999999999999999-", null],
  ["lines=0-1", null],
  [null, null],
])("the range %p", (header, range) => {
  expect(wire.parseRange(header)).toEqual(range);
  if (range !== null) expect(wire.parseRange(wire.formatRange(range))).toEqual(range);
});

describe("what an answer says of its range", () => {
  test.each<[string | null, { from: number; to: number; size: number } | null]>([
    ["bytes 0-9/10", { from: 0, to: 9, size: 10 }],
    ["bytes 5-5/6", { from: 5, to: 5, size: 6 }],
    ["bytes 0-10/10", null],
    ["bytes 5-4/10", null],
    ["bytes */10", null],
    ["bytes 0-9/*", null],
    [null, null],
  ])("%p", (header, range) => {
    expect(wire.parseContentRange(header)).toEqual(range);
    if (range !== null) expect(wire.formatContentRange(range)).toBe(String(header));
  });
});

test.each<[string | null, number | null]>([
  ["0", 0],
  ["123456789012345", 123_456_789_012_345],
  ["1234567890123456", null],
  ["-1", null],
  ["1.5", null],
  ["", null],
  [null, null],
])("the offset %p", (header, offset) => expect(wire.parseOffset(header)).toBe(offset));

test("a byte call's path holds the job, its query the rest", () => {
  const of = { worker_id: "w ä&1", job_id: "a/b", attempt: 3 };
  expect(bytePath("source", of)).toBe("/api/worker/jobs/a%2Fb/source?worker_id=w+%C3%A4%261&attempt=3");
  const path = bytePath("output", { ...of, staging: "x.mp4", rewrite: true });
  expect(path).toBe(
    "/api/worker/jobs/a%2Fb/output?worker_id=w+%C3%A4%261&attempt=3&staging=x.mp4&rewrite=true",
  );
});
