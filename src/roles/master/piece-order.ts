type Stretch = { staging: string; offset: number; length: number };

/** The pieces that are under way to each staging file: one may come while the one before it does, and waits for that. */
export type PieceOrder = {
  /** Whether the piece before this one is under way. */
  follows(piece: Stretch): boolean;
  /** From now on a piece is under way, until `leave` is called. `before` resolves when the one before it is no longer. */
  enter(piece: Stretch): { before: Promise<void>; leave(): void };
};

export function createPieceOrder(): PieceOrder {
  const underWay = new Map<string, Promise<void>>();
  const placeOf = (staging: string, at: number) => `${staging} ${at}`;
  return {
    follows: ({ staging, offset }) => underWay.has(placeOf(staging, offset)),
    enter({ staging, offset, length }) {
      const before = underWay.get(placeOf(staging, offset)) ?? Promise.resolve();
      const end = placeOf(staging, offset + length);
      const { promise, resolve } = Promise.withResolvers<void>();
      underWay.set(end, promise);
      const leave = () => {
        // The same piece may have come once more.
        if (underWay.get(end) === promise) underWay.delete(end);
        resolve();
      };
      return { before, leave };
    },
  };
}
