import { connect, createServer, type Socket } from "node:net";
import type { Random } from "../sim/random.ts";

/** A TCP line to a port of this machine that counts what passes, and can be cut. */
export type CuttingLine = {
  url: string;
  /** Bytes from the master's side, and to it, heads of HTTP included. */
  counts: { down: number; up: number; cuts: number };
  /**
   * From now on each connection is cut, in both directions at once, after a random number of bytes of `within`; null: none
   * any more. Open connections meet it, too.
   */
  cutWithin(within: [number, number] | null): void;
  /** Cuts all connections now. */
  cutAll(): void;
  stop(): Promise<void>;
};

type Pair = { near: Socket; far: Socket; left: number };

export async function startCuttingLine(of: { port: number; random: Random }): Promise<CuttingLine> {
  const pairs = new Set<Pair>();
  const counts = { down: 0, up: 0, cuts: 0 };
  let within: [number, number] | null = null;
  const portion = () => (within === null ? Number.POSITIVE_INFINITY : of.random.between(...within));
  const cut = (pair: Pair) => {
    if (!pairs.delete(pair)) return;
    counts.cuts += 1;
    pair.near.resetAndDestroy();
    pair.far.resetAndDestroy();
  };

  const server = createServer((near) => {
    const far = connect(of.port, "127.0.0.1");
    const pair: Pair = { near, far, left: portion() };
    pairs.add(pair);
    const pass = (from: Socket, to: Socket, direction: "down" | "up") => {
      from.on("data", (bytes) => {
        counts[direction] += bytes.length;
        pair.left -= bytes.length;
        if (pair.left <= 0) return cut(pair);
        if (!to.write(bytes)) from.pause();
      });
      to.on("drain", () => from.resume());
      from.on("error", () => {});
      from.on("close", () => {
        pairs.delete(pair);
        to.destroy();
      });
      from.on("end", () => to.end());
    };
    pass(near, far, "up");
    pass(far, near, "down");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");

  return {
    url: `http://127.0.0.1:${address.port}`,
    counts,
    cutWithin(now) {
      within = now;
      for (const pair of pairs) pair.left = portion();
    },
    cutAll() {
      for (const pair of [...pairs]) cut(pair);
    },
    async stop() {
      for (const pair of pairs) {
        pair.near.destroy();
        pair.far.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
