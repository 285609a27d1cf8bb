import { expect, test } from "bun:test";
import { createPieceCache } from "../../../../src/roles/worker/transfer/piece-cache.ts";

const piece = (from: number, length: number) => ({ from, bytes: new Uint8Array(length) });

test("a piece is found by each of its bytes, and by no other", () => {
  const cache = createPieceCache(100);
  cache.add(piece(10, 5));
  expect([9, 10, 14, 15].map((at) => cache.find(at)?.from ?? null)).toEqual([null, 10, 10, null]);
});

test("the least recently used goes first", () => {
  const cache = createPieceCache(30);
  for (const from of [0, 10, 20]) cache.add(piece(from, 10));
  cache.find(0);
  cache.add(piece(30, 10));
  expect([0, 10, 20, 30].filter((at) => cache.find(at) !== null)).toEqual([0, 20, 30]);
});

test("a piece larger than the cache is kept alone", () => {
  const cache = createPieceCache(10);
  cache.add(piece(0, 5));
  cache.add(piece(5, 50));
  expect([cache.find(0), cache.find(5)?.bytes.length]).toEqual([null, 50]);
});

test("the next known byte", () => {
  const cache = createPieceCache(100);
  expect(cache.nextKnown(0)).toBeNull();
  cache.add(piece(40, 10));
  cache.add(piece(20, 10));
  expect([0, 20, 39, 40].map((at) => cache.nextKnown(at))).toEqual([20, 40, 40, null]);
});
