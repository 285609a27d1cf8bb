import { ERRORS, messageOf, systemCode, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { type Connections, limitConnections } from "./connections.ts";
import type { Connection } from "./http-call.ts";
import { STRANGERS, type StrangersLimits } from "./strangers.ts";

export type Listener = {
  url: string;
  /** Answers with another app from now on, without a moment in which nobody listens. */
  show(app: App): void;
  stop(): Promise<void>;
};

type Address = { host: string; port: number; tls_cert: string | null; tls_key: string | null };
/** Seconds that a connection may be idle, calls at once, and open connections that brought no right token. */
type Limits = { idle_s: number; most_requests: number; strangers: StrangersLimits };
type App = { fetch(request: Request, connection: Connection): Response | Promise<Response> };

/** Longer than the slowest honest pause inside a request; what waits longer says so itself. Seconds. */
const IDLE_TIMEOUT_S = 60;
/** What is larger is refused before the app sees it, which refuses much less, but with a sentence. */
const LARGEST_BODY_BYTES = 16 * 1024 * 1024;
/** How long answers on their way may take once the master stops. */
const STOP_GRACE_MS = 3_000;
/** Ten for each of a thousand workers; what comes beyond is turned away until others have been answered. */
const MOST_REQUESTS = 10_000;

/**
 * Serves an app. `url` is what a program on this machine calls. Throws VcError("config") when the address
 * cannot be listened on or the certificate not be read.
 */
export function listen(app: App, on: Address & { log: Logger }, given: Partial<Limits> = {}): Listener {
  let shown = app;
  const showing: App = { fetch: (request, connection) => shown.fetch(request, connection) };
  const limits: Limits = {
    ...{ idle_s: IDLE_TIMEOUT_S, most_requests: MOST_REQUESTS, strangers: STRANGERS },
    ...given,
  };
  const { server, connections } = start(showing, on, limits);
  const scheme = on.tls_cert === null ? "http" : "https";
  // A certificate is made out to a name; without one, an address needs no name service.
  const here = on.tls_cert === null ? "127.0.0.1" : "localhost";
  const name = ["0.0.0.0", "::", "127.0.0.1"].includes(on.host) ? here : on.host;
  const host = name.includes(":") ? `[${name}]` : name;
  let stopping: Promise<void> | null = null;
  return {
    url: `${scheme}://${host}:${server.port}`,
    show: (next) => {
      shown = next;
    },
    stop: () => {
      connections.stop();
      stopping ??= stop(server);
      return stopping;
    },
  };
}

type Server = Bun.Server<undefined>;

function start(
  app: App,
  on: Address & { log: Logger },
  { idle_s, most_requests, strangers }: Limits,
): { server: Server; connections: Connections } {
  if ((on.tls_cert === null) !== (on.tls_key === null)) {
    throw new VcError("config", "server.tls_cert and server.tls_key belong together: set both or neither.");
  }
  try {
    const server = Bun.serve({
      hostname: on.host,
      port: on.port,
      development: false,
      // Outside of development Bun lets several processes share a port: two masters would answer by turns.
      reusePort: false,
      // Also the limit of a body that trickles in. A header has 12 s and 16 kB, by Bun itself (1.4.5).
      idleTimeout: idle_s,
      maxRequestBodySize: LARGEST_BODY_BYTES,
      ...(on.tls_cert !== null && on.tls_key !== null
        ? { tls: { cert: Bun.file(on.tls_cert), key: Bun.file(on.tls_key) } }
        : {}),
      fetch: (request, server) => {
        if (server.pendingRequests > most_requests) return busy();
        const peer = server.requestIP(request);
        return app.fetch(request, {
          peer: peer?.address ?? null,
          trusted: () => peer !== null && connections.trust(peer),
          unhurried: () => server.timeout(request, 0),
          hurried: () => server.timeout(request, idle_s),
        });
      },
    });
    const connections = limitConnections({ port: server.port ?? 0, limits: strangers, log: on.log });
    return { server, connections };
  } catch (cause) {
    throw new VcError("config", `cannot listen on ${on.host}:${on.port}: ${listenFailure(cause)}`, { cause });
  }
}

function busy(): Response {
  const message = "the master has too many calls at once; try again.";
  const { status } = ERRORS.unavailable;
  return Response.json({ error: "unavailable", message }, { status, headers: { Connection: "close" } });
}

function listenFailure(error: unknown): string {
  if (systemCode(error) === "EADDRINUSE") {
    return "another program listens there. Stop it, or set server.port to another number.";
  }
  return messageOf(error);
}

async function stop(server: Server): Promise<void> {
  const { promise: grace, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STOP_GRACE_MS);
  await Promise.race([server.stop(), grace]);
  clearTimeout(timer);
  await server.stop(true);
}
