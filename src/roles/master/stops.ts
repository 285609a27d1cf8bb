import type { AttemptKey } from "./leases.ts";

export type Stops = ReturnType<typeof createStops>;
type Orders = { version: number; stop: Map<string, AttemptKey> };

/**
 * What each worker must stop, and a version that moves whenever its orders do: memory only. `boot` makes the
 * versions of two starts of the master different, so that nobody waits for a change that he has missed.
 */
export function createStops(boot: string) {
  const workers = new Map<string, Orders>();
  const orders = (worker_id: string): Orders => {
    const known = workers.get(worker_id) ?? { version: 0, stop: new Map() };
    workers.set(worker_id, known);
    return known;
  };
  const name = (key: AttemptKey) => `${key.job_id}.${key.attempt}`;

  return {
    /** True if that is news. */
    add: (worker_id: string, key: AttemptKey): boolean => {
      const known = orders(worker_id);
      if (known.stop.has(name(key))) return false;
      known.stop.set(name(key), key);
      known.version++;
      return true;
    },
    /** Forgets what the worker no longer runs. */
    keepOnly: (worker_id: string, held: AttemptKey[]): void => {
      const known = workers.get(worker_id);
      if (known === undefined || known.stop.size === 0) return;
      const names = new Set(held.map(name));
      for (const listed of known.stop.keys()) if (!names.has(listed)) known.stop.delete(listed);
    },
    forget: (worker_id: string): void => orders(worker_id).stop.clear(),
    /** Of a worker that is no more. */
    drop: (worker_id: string): void => void workers.delete(worker_id),
    /** Moves the version without a change in the list: draining began. */
    touch: (worker_id: string): void => void orders(worker_id).version++,
    version: (worker_id: string): string => `${boot}.${workers.get(worker_id)?.version ?? 0}`,
    list: (worker_id: string): AttemptKey[] => [...(workers.get(worker_id)?.stop.values() ?? [])],
  };
}
