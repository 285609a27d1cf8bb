/** Bytes of a film, from `from` on. */
export type Piece = { from: number; bytes: Uint8Array };

/** The newest pieces of a film, at most `most_bytes` of them; the least recently used one goes first. */
export type PieceCache = {
  /** The piece that holds the byte at `at`. */
  find(at: number): Piece | null;
  add(piece: Piece): void;
  /** The first byte after `at` that some piece holds; null where none does. */
  nextKnown(at: number): number | null;
};

export function createPieceCache(most_bytes: number): PieceCache {
  /** Least recently used first. */
  const pieces: Piece[] = [];
  let size = 0;
  return {
    find(at) {
      const n = pieces.findIndex((piece) => holds(piece, at));
      const [found] = n === -1 ? [] : pieces.splice(n, 1);
      if (found === undefined) return null;
      pieces.push(found);
      return found;
    },
    add(piece) {
      pieces.push(piece);
      size += piece.bytes.length;
      while (size > most_bytes && pieces.length > 1) size -= pieces.shift()?.bytes.length ?? 0;
    },
    nextKnown(at) {
      const after = pieces.map(({ from }) => from).filter((from) => from > at);
      return after.length === 0 ? null : Math.min(...after);
    },
  };
}

function holds({ from, bytes }: Piece, at: number): boolean {
  return from <= at && at < from + bytes.length;
}
