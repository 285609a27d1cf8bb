import { expect, test } from "bun:test";
import {
  createKnownPieces,
  formatPiece,
  parsePieces,
} from "../../../../src/roles/worker/transfer/piece-log.ts";
import { MOST_PIECE_BYTES } from "../../../../src/shared/transfer.ts";

const piece = (from: number, to: number) => ({ from, to, hash: `${from}-${to}` });

test("a piece takes the place of those that it touches", () => {
  const known = createKnownPieces([piece(0, 10), piece(10, 20), piece(20, 30)]);
  known.add(piece(5, 15));
  expect(known.list()).toEqual([piece(5, 15), piece(20, 30)]);
  expect([known.at(5), known.at(0)]).toEqual([piece(5, 15), null]);
});

test("what is cut off is forgotten, a piece that is cut through as a whole", () => {
  const known = createKnownPieces([piece(0, 10), piece(10, 20)]);
  known.cut(15);
  expect(known.list()).toEqual([piece(0, 10)]);
});

test("a log gives back what was written, in spite of lines that a crash or somebody else left", () => {
  const lines = [
    formatPiece(piece(0, 10)),
    "rubbish\n",
    formatPiece(piece(10, 20)),
    formatPiece(piece(20, 20)),
    formatPiece(piece(20, 21 + MOST_PIECE_BYTES)),
    formatPiece({ ...piece(30, 40), from: -1 }),
    formatPiece(piece(20, 30)).slice(0, 10),
  ];
  expect(parsePieces(lines.join(""))).toEqual([piece(0, 10), piece(10, 20)]);
});

test("of a piece that was sent twice the newer counts", () => {
  const text = formatPiece(piece(0, 10)) + formatPiece({ ...piece(0, 10), hash: "new" });
  expect(parsePieces(text)).toEqual([{ ...piece(0, 10), hash: "new" }]);
});
