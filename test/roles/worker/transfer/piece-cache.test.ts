import { expect, test } from "bun:test";
import { createPieceCache } from "../../../../src/roles/worker/transfer/piece-cache.ts";

const piece = (from: number, length: number) => ({ from, bytes: new Uint8Array(length) });

const nobody = () => {};

test("a piece is gone once it is neither kept nor used", () => {
  const gone: number[] = [];
  const cache = createPieceCache(20, ({ from }) => gone.push(from));
  const [one, two, three] = [piece(0, 10), piece(10, 10), piece(20, 10)];
  cache.add(one);
  const over = [cache.use(one), cache.use(one)];
  cache.add(two);
  cache.use(two)("done");
  cache.add(three);
  expect(gone).toEqual([]);
  over[0]?.("done");
  expect(gone).toEqual([]);
  over[1]?.("done");
  expect(gone).toEqual([0]);
  cache.add(piece(30, 10));
  expect(gone).toEqual([0, 10]);
  // The network may still have it: left to the collector.
  const cut = cache.use(three);
  cache.add(piece(40, 10));
  cut("cut");
  expect(gone).toEqual([0, 10]);
});

test("a piece is found by each of its bytes, and by no other", () => {
  const cache = createPieceCache(100, nobody);
  cache.add(piece(10, 5));
  expect([9, 10, 14, 15].map((at) => cache.find(at)?.from ?? null)).toEqual([null, 10, 10, null]);
});

test("the least recently used goes first", () => {
  const cache = createPieceCache(30, nobody);
  for (const from of [0, 10, 20]) cache.add(piece(from, 10));
  cache.find(0);
  cache.add(piece(30, 10));
  expect([0, 10, 20, 30].filter((at) => cache.find(at) !== null)).toEqual([0, 20, 30]);
});

test("a piece larger than the cache is kept alone", () => {
  const cache = createPieceCache(10, nobody);
  cache.add(piece(0, 5));
  cache.add(piece(5, 50));
  expect([cache.find(0), cache.find(5)?.bytes.length]).toEqual([null, 50]);
});

test("the next known byte", () => {
  const cache = createPieceCache(100, nobody);
  expect(cache.nextKnown(0)).toBeNull();
  cache.add(piece(40, 10));
  cache.add(piece(20, 10));
  expect([0, 20, 39, 40].map((at) => cache.nextKnown(at))).toEqual([20, 40, 40, null]);
});
