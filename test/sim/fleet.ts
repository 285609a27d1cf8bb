import type { SimMaster } from "./master.ts";
import { createNetwork, type Send } from "./network.ts";
import { type Host, type SimWorker, startSeedClient, startWorker } from "./worker.ts";
import type { World } from "./world.ts";

export type Fleet = { workers: SimWorker[]; renew: () => void };

/** The worker that fails whatever it gets. */
export const BAD = "bad";

/**
 * Three workers of ours, one client of the seed's format, a machine that fails everything, and a second host that uses a
 * worker id in use. Whoever has died, or has been drained, starts anew at the next `renew`.
 */
export function startFleet(world: World, master: SimMaster): Fleet {
  const send = createNetwork(world, master, { repeats: true });
  const plain = createNetwork(world, master, { repeats: false });
  const starts = [
    ...[1, 2, 3].map((n) => ours(send, { worker_id: `w${n}`, hostname: `host${n}`, slots: n })),
    () => startSeedClient(world, plain, { worker_id: "seed", hostname: "host4", slots: 1 }),
    ours(send, { worker_id: BAD, hostname: "host5", slots: 2, bad: true }),
    ours(send, { worker_id: "w1", hostname: "elsewhere", slots: 1 }),
  ];
  function ours(by: Send, host: Host): () => SimWorker {
    return () => startWorker(world, by, host);
  }
  const workers = starts.map((start) => start());
  const renew = () => {
    for (const [index, start] of starts.entries()) {
      const old = workers[index];
      if (old?.isAlive() && !old.isDraining()) continue;
      old?.kill();
      workers[index] = start();
    }
  };
  return { workers, renew };
}
