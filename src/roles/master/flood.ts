/** What to do with a call that brought a wrong token: answer it after so long, or (`null`) turn it away at once. */
export type Patience = { wait_ms: number } | null;

export type Flood = {
  /** A wrong token came from this address; what it gets. */
  wrong(peer: string | null, now_ms: number): Patience;
  /** An answer that had to wait has left. */
  answered(peer: string | null): void;
  /** How many addresses are remembered. */
  size(): number;
};

/** A person mistypes, a farm restarts with an old token: so many come at once in honest life. */
const BURST = 20;
/** One more is forgiven in each second. */
const FORGIVEN_PER_MS = 1 / 1000;
const WAIT_MS = 1000;
/** Answers that wait at once, of one address and of all; they cost a connection each. */
const MOST_WAITING = 16;
const MOST_WAITING_IN_ALL = 256;
/** The longest silent are forgotten first. */
const MOST_ADDRESSES = 10_000;

type Record = { level: number; at_ms: number; waiting: number };

/**
 * Slows down who tries tokens: after a burst each wrong one is answered a second later, and those that will not wait
 * are turned away. Right tokens are not its business: they always get in, also from an address that floods.
 */
export function createFlood(): Flood {
  const records = new Map<string, Record>();
  let waiting = 0;
  return {
    wrong(peer, now_ms) {
      const key = networkOf(peer);
      const before = records.get(key) ?? { level: 0, at_ms: now_ms, waiting: 0 };
      const forgiven = Math.max(0, now_ms - before.at_ms) * FORGIVEN_PER_MS;
      const record = {
        ...before,
        level: Math.min(Math.max(0, before.level - forgiven) + 1, 2 * BURST),
        at_ms: now_ms,
      };
      remember(records, key, record);
      if (record.level <= BURST) return { wait_ms: 0 };
      if (record.waiting >= MOST_WAITING || waiting >= MOST_WAITING_IN_ALL) return null;
      record.waiting += 1;
      waiting += 1;
      return { wait_ms: WAIT_MS };
    },
    answered(peer) {
      waiting -= 1;
      const record = records.get(networkOf(peer));
      if (record !== undefined && record.waiting > 0) record.waiting -= 1;
    },
    size: () => records.size,
  };
}

function remember(records: Map<string, Record>, key: string, record: Record): void {
  records.delete(key);
  records.set(key, record);
  if (records.size <= MOST_ADDRESSES) return;
  const oldest = records.keys().next().value;
  if (oldest !== undefined) records.delete(oldest);
}

/** Who counts as one: IPv4 by address; IPv6 by its first 64 bits, which is what one machine is commonly given. */
export function networkOf(peer: string | null): string {
  const address = (peer ?? "").toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
  if (!address.includes(":")) return address;
  const [head = "", tail = ""] = address.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const missing = Math.max(0, 8 - groups(head).length - groups(tail).length);
  return [...groups(head), ...Array(missing).fill("0"), ...groups(tail)].slice(0, 4).join(":");
}
