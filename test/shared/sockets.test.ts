import { expect } from "bun:test";
import { openSockets } from "../../src/shared/sockets.ts";
import { testOr } from "../support/test-or.ts";
import { until } from "../support/until.ts";

const sockets = openSockets();

testOr(
  sockets === null ? "this system tells nothing of connections" : null,
  "connections at a port are told as Bun tells them, and can be ended",
  async () => {
    const seen: unknown[] = [];
    let closed = 0;
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request, { requestIP }) {
        seen.push(requestIP.call(server, request));
        return new Promise<Response>(() => {});
      },
    });
    const port = server.port ?? 0;
    try {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          open: (own) => void own.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
          data: () => {},
          close: () => {
            closed += 1;
          },
        },
      });
      await until("the call arrived", () => seen.length === 1);
      const [own, ...others] = sockets?.connectionsTo(port) ?? [];
      expect(others).toEqual([]);
      expect(seen).toEqual([{ address: own?.address, port: own?.port, family: "IPv4" }]);
      expect(sockets?.connectionsTo(socket.localPort)).toHaveLength(1);
      expect(sockets?.connectionsTo(1)).toEqual([]);
      if (own !== undefined) sockets?.end(own);
      await until("the other end knows", () => closed === 1);
      expect(sockets?.connectionsTo(port)).toEqual([]);
    } finally {
      await server.stop(true);
    }
  },
);

testOr(
  sockets === null ? "this system tells nothing of connections" : null,
  "a port can be told to take little of what is not read",
  async () => {
    const taken = async (limit: number | null): Promise<number> => {
      let given = 0;
      const server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => {
          const pull = (stream: ReadableStreamDefaultController<Uint8Array>) => {
            given += PORTION;
            stream.enqueue(new Uint8Array(PORTION));
          };
          return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
        },
      });
      if (limit !== null) sockets?.limitUnread(server.port ?? 0, limit);
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: server.port ?? 0,
        socket: {
          open: (own) => void own.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
          data: (own) => own.pause(),
        },
      });
      let before = -1;
      await until("no more is taken", () => {
        const still = given > 0 && given === before;
        before = given;
        return still;
      });
      socket.terminate();
      await server.stop(true);
      return given;
    };
    expect(await taken(64 * 1024)).toBeLessThan(await taken(null));
  },
);

const PORTION = 64 * 1024;
