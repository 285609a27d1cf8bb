/** Bytes of a film, from `from` on. */
export type Piece = { from: number; bytes: Uint8Array };

/** The newest pieces of a film, at most `most_bytes` of them; the least recently used one goes first. */
export type PieceCache = {
  /** The piece that holds the byte at `at`. */
  find(at: number): Piece | null;
  /** Whoever uses a piece's bytes says so, and when that is over: for certain, or as far as it can know. */
  use(piece: Piece): (how: "done" | "cut") => void;
  add(piece: Piece): void;
  /** The first byte after `at` that some piece holds; null where none does. */
  nextKnown(at: number): number | null;
};

/** `onGone` is told of each piece that is neither here nor used any more. */
export function createPieceCache(most_bytes: number, onGone: (piece: Piece) => void): PieceCache {
  /** Least recently used first. */
  const pieces: Piece[] = [];
  const users = new Map<Piece, number>();
  let size = 0;

  const drop = () => {
    const dropped = pieces.shift();
    if (dropped === undefined) return;
    size -= dropped.bytes.length;
    if (!users.has(dropped)) onGone(dropped);
  };

  return {
    find(at) {
      const n = pieces.findIndex((piece) => holds(piece, at));
      const [found] = n === -1 ? [] : pieces.splice(n, 1);
      if (found === undefined) return null;
      pieces.push(found);
      return found;
    },
    use(piece) {
      users.set(piece, (users.get(piece) ?? 0) + 1);
      return (how) => {
        const left = (users.get(piece) ?? 1) - 1;
        if (left > 0) return void users.set(piece, left);
        users.delete(piece);
        if (how === "done" && !pieces.includes(piece)) onGone(piece);
      };
    },
    add(piece) {
      pieces.push(piece);
      size += piece.bytes.length;
      while (size > most_bytes && pieces.length > 1) drop();
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
