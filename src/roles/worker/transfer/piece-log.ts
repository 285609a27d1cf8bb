import * as v from "valibot";
import { MOST_PIECE_BYTES } from "../../../shared/transfer.ts";

/** A piece that has arrived where it belongs: bytes `from` up to `to`, and their hash. */
export const KnownPiece = v.pipe(
  v.object({ from: v.pipe(v.number(), v.minValue(0)), to: v.number(), hash: v.string() }),
  v.check(({ from, to }) => from < to && to - from <= MOST_PIECE_BYTES),
);
export type KnownPiece = v.InferOutput<typeof KnownPiece>;

/** What of a file has arrived, as far as is known: a result at the master, a source here. */
export type KnownPieces = {
  list(): readonly KnownPiece[];
  /** The piece that begins there. */
  at(from: number): KnownPiece | null;
  /** It takes the place of those that it touches. */
  add(piece: KnownPiece): void;
  /** Only so many bytes are there. */
  cut(length: number): void;
};

export function createKnownPieces(known: readonly KnownPiece[] = []): KnownPieces {
  const pieces = new Map(known.map((piece) => [piece.from, piece]));
  const forget = (isGone: (piece: KnownPiece) => boolean) => {
    for (const piece of pieces.values()) if (isGone(piece)) pieces.delete(piece.from);
  };
  return {
    list: () => [...pieces.values()].sort((a, b) => a.from - b.from),
    at: (from) => pieces.get(from) ?? null,
    add(piece) {
      forget(({ from, to }) => from < piece.to && piece.from < to);
      pieces.set(piece.from, piece);
    },
    cut: (length) => forget(({ to }) => to > length),
  };
}

/** One line for each piece, in the order in which they arrived; a line that was cut off by a crash does not count. */
export function parsePieces(text: string): KnownPiece[] {
  const sent = createKnownPieces();
  for (const line of text.split("\n")) {
    const piece = v.safeParse(KnownPiece, parseJson(line));
    if (piece.success) sent.add(piece.output);
  }
  return [...sent.list()];
}

export function formatPiece(piece: KnownPiece): string {
  return `${JSON.stringify(piece)}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
