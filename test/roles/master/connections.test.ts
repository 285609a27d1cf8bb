import { expect } from "bun:test";
import { listen } from "../../../src/roles/master/listen.ts";
import { STRANGERS } from "../../../src/roles/master/strangers.ts";
import { openSockets } from "../../../src/shared/sockets.ts";
import { logLines } from "../../support/log-lines.ts";
import { testOr } from "../../support/test-or.ts";
import { until } from "../../support/until.ts";

const impossible = openSockets() === null ? "this system tells nothing of connections" : null;

/** Opens connections that begin a call and never end it; counts those that were closed. */
async function flood(url: string, count: number): Promise<{ closed: () => number; end: () => void }> {
  let closed = 0;
  const opened = Array.from({ length: count }, () =>
    Bun.connect({
      hostname: new URL(url).hostname,
      port: Number(new URL(url).port),
      socket: {
        open: (socket) => void socket.write("GET / HTTP/1.1\r\nHost: x\r\n"),
        data: () => {},
        close: () => {
          closed += 1;
        },
      },
    }),
  );
  const sockets = await Promise.all(opened);
  return { closed: () => closed, end: () => sockets.forEach((socket) => void socket.end()) };
}

for (const host of ["127.0.0.1", "::"]) {
  testOr(
    impossible,
    `strangers have few connections, whoever was let in keeps its own (${host})`,
    async () => {
      const { log, lines } = logLines();
      const release = Promise.withResolvers<void>();
      const app = {
        async fetch(request: Request, connection: { trusted(): void }) {
          if (request.headers.get("authorization") !== "right") return new Response("no", { status: 401 });
          connection.trusted();
          await release.promise;
          return new Response("served");
        },
      };
      const strangers = { of_one: 5, of_all: 50, exempt: () => false };
      const on = { host, port: 0, tls_cert: null, tls_key: null, log };
      const listener = listen(app, on, { strangers, most_requests: 100 });
      try {
        const waiting = Array.from({ length: 8 }, () =>
          fetch(listener.url, { headers: { authorization: "right" }, keepalive: false }),
        );
        const strange = await flood(listener.url, 30);
        await until("those beyond five are closed", () => strange.closed() >= 25);
        const late = fetch(listener.url, { headers: { authorization: "right" } });
        const more = await flood(listener.url, 30);
        await until("those, too", () => strange.closed() + more.closed() >= 55);
        release.resolve();
        const answers = await Promise.all([...waiting, late]);
        expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(Array(9).fill("served"));
        const told = "too many open connections without a token; the oldest of each address were closed";
        expect(lines).toEqual([told]);
        strange.end();
        more.end();
      } finally {
        await listener.stop();
      }
    },
  );
}

testOr(impossible, "connections of this machine are not counted", async () => {
  const { log, lines } = logLines();
  const on = { host: "127.0.0.1", port: 0, tls_cert: null, tls_key: null, log };
  let looked = 0;
  const exempt = (address: string) => {
    looked += 1;
    return STRANGERS.exempt(address);
  };
  const strangers = { of_one: 2, of_all: 2, exempt };
  const listener = listen({ fetch: () => new Response("here") }, on, { strangers });
  try {
    const strange = await flood(listener.url, 20);
    await until("they were looked at twice", () => looked >= 40);
    expect({ closed: strange.closed(), lines }).toEqual({ closed: 0, lines: [] });
    strange.end();
  } finally {
    await listener.stop();
  }
});
