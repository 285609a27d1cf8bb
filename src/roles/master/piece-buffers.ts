import { MOST_PIECE_BYTES } from "../../shared/transfer.ts";

export type PieceBuffers = {
  take(): Uint8Array<ArrayBuffer>;
  /** Only what nothing refers to any more may be given back; what is not given back is left to the collector. */
  give(buffer: Uint8Array<ArrayBuffer>): void;
};

/** Memory for pieces, used again and again: the collector alone would let hundreds of MiB of it lie. */
export function createPieceBuffers(): PieceBuffers {
  const free: Uint8Array<ArrayBuffer>[] = [];
  return {
    take: () => free.pop() ?? new Uint8Array(MOST_PIECE_BYTES),
    give: (buffer) => void free.push(buffer),
  };
}
