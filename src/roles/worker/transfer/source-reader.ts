import { VcError } from "../../../shared/errors.ts";
import { freeBytes } from "../../../shared/free-bytes.ts";
import { createPieceCache, type Piece } from "./piece-cache.ts";

/** The bytes of one attempt's source, read from the master in pieces by whoever asks for them. */
export type SourceReader = {
  size: number;
  /**
   * A piece that holds the byte at `at`; `want` bytes are asked for where it is not here. Its bytes stay until `over` is
   * called. Rejects as `failed` says.
   */
  piece(at: number, want: number): Promise<Piece & { over(how: "done" | "cut"): void }>;
  /** Begins to fetch what comes next, unless enough is on its way. */
  ahead(at: number, want: number): void;
  /** Resolves with the refusal that is for good, or with the reason why nothing came any more; else never. */
  failed: Promise<VcError>;
};

/** Pieces that are on their way come to those of the cache. */
const MOST_UNDER_WAY = 2;

export function createSourceReader(of: {
  size: number;
  /** For what was read last: films are looked at in the same places again and again. */
  cache_bytes: number;
  /** The bytes from `from` up to `to`, or fewer, however often it takes. */
  fetch(from: number, to: number): Promise<Uint8Array>;
}): SourceReader {
  const { size } = of;
  const cache = createPieceCache(of.cache_bytes, ({ bytes }) => freeBytes(bytes));
  const under_way = new Map<number, { to: number; done: Promise<void> }>();
  const failed = Promise.withResolvers<VcError>();
  let failure: VcError | null = null;

  const begin = (from: number, want: number): Promise<void> => {
    const to = Math.min(size, from + want, cache.nextKnown(from) ?? size);
    const done = of.fetch(from, to).then(
      (bytes) => cache.add({ from, bytes }),
      (error: unknown) => {
        failure ??= error instanceof VcError ? error : new VcError("failed", String(error));
        failed.resolve(failure);
      },
    );
    const ended = done.finally(() => under_way.delete(from));
    under_way.set(from, { to, done: ended });
    return ended;
  };
  const coming = (at: number) =>
    [...under_way].find(([from, { to }]) => from <= at && at < to)?.[1].done ?? null;

  return {
    size,
    failed: failed.promise,
    async piece(at, want) {
      for (;;) {
        if (failure !== null) throw failure;
        const found = cache.find(at);
        if (found !== null) return { ...found, over: cache.use(found) };
        await (coming(at) ?? begin(at, want));
      }
    },
    ahead(at, want) {
      let next = at;
      while (failure === null && under_way.size < MOST_UNDER_WAY && next < size) {
        const found = cache.find(next);
        const on_its_way = [...under_way].find(([from, { to }]) => from <= next && next < to)?.[1];
        if (found !== null) next = found.from + found.bytes.length;
        else if (on_its_way !== undefined) next = on_its_way.to;
        else void begin(next, want);
        if (next - at > MOST_UNDER_WAY * want) return;
      }
    },
  };
}
