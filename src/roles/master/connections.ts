import { systemCode } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { type OpenConnection, openSockets } from "../../shared/sockets.ts";
import { type Stranger, type StrangersLimits, surplus } from "./strangers.ts";

type End = { address: string; port: number };

export type Connections = {
  /** A call over this connection was let in: it is no stranger's any more. */
  trust(end: End): void;
  stop(): void;
};

const LOOK_MS = 500;
/** Between two lines of the log. */
const LOG_PAUSE_MS = 60_000;

/**
 * Ends connections of strangers beyond a number, twice a second. Those of this machine, and those that a call with a
 * right token came over, are not counted: a flood shuts no worker out. Where the system tells nothing of connections
 * (Windows), only time limits them.
 */
export function limitConnections(of: { port: number; limits: StrangersLimits; log: Logger }): Connections {
  const sockets = openSockets();
  const trusted = new Set<string>();
  let known = new Map<string, number>();
  let round = 0;
  let logged_ms = Number.NEGATIVE_INFINITY;

  const tell = (ended: Stranger[]) => {
    const now_ms = performance.now();
    if (ended.length === 0 || now_ms - logged_ms < LOG_PAUSE_MS) return;
    logged_ms = now_ms;
    const addresses = new Set(ended.map(({ address }) => address));
    const message = "too many open connections without a token; the oldest of each address were closed";
    of.log.warn(message, { closed: ended.length, addresses: addresses.size, one_of_them: ended[0]?.address });
  };

  const look = () => {
    if (sockets === null) return;
    const open = sockets.connectionsTo(of.port);
    round += 1;
    known = new Map(open.map((one) => [keyOf(one), known.get(keyOf(one)) ?? round]));
    for (const key of trusted) if (!known.has(key)) trusted.delete(key);
    const strangers = open
      .filter((one) => !trusted.has(keyOf(one)) && !of.limits.exempt(one.address))
      .map((one) => ({ ...one, since: known.get(keyOf(one)) ?? round }));
    const ended = surplus(strangers, of.limits);
    for (const one of ended) sockets.end(one);
    tell(ended);
  };

  const timer = setInterval(() => withoutDescriptors(look), LOOK_MS);
  timer.unref();
  return {
    trust: (end) => void trusted.add(keyOf(end)),
    stop: () => clearInterval(timer),
  };
}

const keyOf = ({ address, port }: End | OpenConnection) => `${address} ${port}`;

/** With no file descriptor left for the list of them, the next look may have one. */
function withoutDescriptors(look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!["EMFILE", "ENFILE"].includes(systemCode(error) ?? "")) throw error;
  }
}
