import type { OpenConnection } from "../../shared/sockets.ts";
import { isLoopback } from "./auth.ts";
import { networkOf } from "./flood.ts";

/** How many connections strangers may have open: of one address, and of all; those of `exempt` addresses do not count. */
export type StrangersLimits = { of_one: number; of_all: number; exempt: (address: string) => boolean };

export const STRANGERS: StrangersLimits = { of_one: 64, of_all: 1024, exempt: isLoopback };

type Counts = Pick<StrangersLimits, "of_one" | "of_all">;

export type Stranger = OpenConnection & {
  /** When it was seen first, by any count that rises. */
  since: number;
};

/**
 * Which connections are too many of those that brought no right token yet: the oldest of an address that has more than
 * its share, then the oldest of the addresses that have the most. The newest of an address stay, so that somebody
 * honest behind it gets in.
 */
export function surplus(strangers: Stranger[], limits: Counts): Stranger[] {
  const addresses = [...Map.groupBy(strangers, ({ address }) => networkOf(address)).values()].map((all) =>
    all.toSorted((a, b) => b.since - a.since),
  );
  const share = fairShare(
    addresses.map(({ length }) => length),
    limits,
  );
  return addresses.flatMap((newest_first) => newest_first.slice(share));
}

/** The largest number that each address may have without all of them having too many. */
function fairShare(counts: number[], { of_one, of_all }: Counts): number {
  let share = of_one;
  const taken = () => counts.reduce((sum, count) => sum + Math.min(count, share), 0);
  while (share > 1 && taken() > of_all) share -= 1;
  return share;
}
