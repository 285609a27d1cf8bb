import { expect, test } from "bun:test";
import { createSourceReader } from "../../../../src/roles/worker/transfer/source-reader.ts";
import { VcError } from "../../../../src/shared/errors.ts";

const FILM = Uint8Array.from({ length: 100 }, (_, n) => n);

/** A film whose bytes are their own positions; `most` is what one answer brings. */
function readerOf({ size = FILM.length, most = FILM.length } = {}) {
  const asked: [number, number][] = [];
  const trouble: { error: VcError | null } = { error: null };
  const reader = createSourceReader({
    size,
    cache_bytes: 1000,
    async fetch(from, to) {
      asked.push([from, to]);
      if (trouble.error !== null) throw trouble.error;
      return FILM.slice(from, Math.min(to, from + most));
    },
  });
  return { reader, asked, trouble };
}

test("a piece is fetched once, however many ask for it", async () => {
  const { reader, asked } = readerOf();
  const [one, two] = await Promise.all([reader.piece(10, 20), reader.piece(15, 20)]);
  expect([one.from, one.bytes.length, two.from]).toEqual([10, 20, 10]);
  expect((await reader.piece(29, 20)).from).toBe(10);
  expect(asked).toEqual([[10, 30]]);
});

test("what is known already is not fetched again, and nothing beyond the end", async () => {
  const { reader, asked } = readerOf();
  await reader.piece(50, 10);
  await reader.piece(40, 30);
  await reader.piece(95, 30);
  expect(asked).toEqual([
    [50, 60],
    [40, 50],
    [95, 100],
  ]);
});

test("an answer that brings less than was asked for is followed by another question", async () => {
  const { reader, asked } = readerOf({ most: 5 });
  const [first, second] = await Promise.all([reader.piece(0, 20), reader.piece(12, 20)]);
  expect([first.from, second.from]).toEqual([0, 12]);
  expect(asked).toEqual([
    [0, 20],
    [12, 32],
  ]);
});

test("two pieces at most are on their way ahead of a reader", async () => {
  const { reader, asked } = readerOf();
  reader.ahead(0, 10);
  reader.ahead(0, 10);
  expect(asked).toEqual([
    [0, 10],
    [10, 20],
  ]);
  await reader.piece(10, 10);
  reader.ahead(10, 10);
  expect(asked.slice(2)).toEqual([
    [20, 30],
    [30, 40],
  ]);
  reader.ahead(100, 10);
  expect(asked).toHaveLength(4);
});

test("a refusal for good ends all reading, and is told", async () => {
  const { reader, trouble } = readerOf();
  await reader.piece(0, 10);
  trouble.error = new VcError("source_changed", "It is another film now.");
  expect(reader.piece(50, 10)).rejects.toThrow("another film");
  expect(await reader.failed).toBe(trouble.error);
  expect(reader.piece(0, 10)).rejects.toThrow("another film");
});
