import { expect, test } from "bun:test";
import {
  createPieceSize,
  LEAST_PIECE_BYTES,
  streamCacheSize,
  streamPieceSize,
} from "../../../../src/roles/worker/transfer/piece-size.ts";
import { MOST_PIECE_BYTES } from "../../../../src/shared/transfer.ts";

const MIB = 1024 * 1024;

test("pieces are halved by cuts, down to the least, and grow again with successes", () => {
  const size = createPieceSize();
  expect(size.now()).toBe(MOST_PIECE_BYTES);
  size.cut();
  expect(size.now()).toBe(MOST_PIECE_BYTES / 2);
  for (let n = 0; n < 20; n += 1) size.cut();
  expect(size.now()).toBe(LEAST_PIECE_BYTES);
  for (let n = 0; n < 16; n += 1) size.succeeded();
  expect(size.now()).toBe(2 * LEAST_PIECE_BYTES);
  for (let n = 0; n < 20; n += 1) size.succeeded();
  expect(size.now()).toBe(MOST_PIECE_BYTES);
});

test("a length that never gets through costs one piece in sixteen", () => {
  const size = createPieceSize();
  let lost = 0;
  for (let n = 0; n < 170; n += 1) {
    if (size.now() <= MIB) size.succeeded();
    else {
      size.cut();
      lost += 1;
    }
  }
  expect(size.now()).toBe(MIB);
  expect(lost).toBe(11);
});

test.each([
  ["no limit", 0, MOST_PIECE_BYTES],
  ["a fast one", 100 * MIB, MOST_PIECE_BYTES],
  ["a slow one: two seconds", MIB, 2 * MIB],
  ["a very slow one", 1000, LEAST_PIECE_BYTES],
])("the longest piece under %s", (_, limit, expected) => {
  expect(createPieceSize(MOST_PIECE_BYTES, limit).now()).toBe(expected);
});

test("a stream begins with short pieces", () => {
  const sizes = [0, 2, 3, 6, 9, 1000].map(streamPieceSize);
  expect(sizes).toEqual([MIB / 2, MIB / 2, MIB, 2 * MIB, 4 * MIB, 4 * MIB]);
});

test.each([
  [1, 20],
  [2, 20],
  [4, 10],
  [256, 8],
])("of %d streams each may keep %d MiB", (concurrency, expected) => {
  expect(streamCacheSize(concurrency)).toBe(expected * MIB);
});
