import { expect, test } from "bun:test";
import { listen } from "../../../src/roles/master/listen.ts";
import { logLines } from "../../support/log-lines.ts";
import { until } from "../../support/until.ts";

const ADDRESS = { host: "127.0.0.1", port: 0, tls_cert: null, tls_key: null, log: logLines().log };

/** Says something bit by bit and never more; resolves with what was answered once the other end hangs up. */
async function dribble(url: string, first: string, bit: string, every_ms: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let answer = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(url).port),
    socket: {
      data(_, piece) {
        answer += piece.toString();
      },
      close: () => resolve(),
      error: () => resolve(),
    },
  });
  socket.write(first);
  const timer = setInterval(() => socket.write(bit), every_ms);
  await promise;
  clearInterval(timer);
  return answer;
}

async function withListener(
  limits: Parameters<typeof listen>[2],
  answer: (request: Request) => Response | Promise<Response>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const listener = listen({ fetch: answer }, ADDRESS, limits);
  try {
    await use(listener.url);
  } finally {
    await listener.stop();
  }
}

test(
  "who sends a body or a header bit by bit is dropped",
  () =>
    withListener(
      { idle_s: 2 },
      async (request) => new Response(await request.text().catch(() => "cut off")),
      async (url) => {
        const body = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
        const chunks = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        const answers = await Promise.all([
          dribble(url, body, "b", 300),
          dribble(url, chunks, "1\r\nx\r\n", 300),
          dribble(url, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a", 300),
          dribble(url, "", "", 300),
        ]);
        for (const answer of answers) expect(answer).not.toContain(" 200 ");
      },
    ),
  300_000,
);

test("headers and addresses that are too large are refused before the app sees them", () =>
  withListener(
    {},
    () => new Response("seen"),
    async (url) => {
      const long = "a".repeat(20_000);
      for (const head of [
        `GET / HTTP/1.1\r\nHost: x\r\nX: ${long}\r\n\r\n`,
        `GET /?${long} HTTP/1.1\r\nHost: x\r\n\r\n`,
      ]) {
        expect(await dribble(url, head, "", 1000)).toStartWith("HTTP/1.1 431 ");
      }
      const many = Array.from({ length: 1000 }, (_, number) => `A${number}: 1\r\n`).join("");
      expect(await dribble(url, `GET / HTTP/1.1\r\nHost: x\r\n${many}\r\n`, "", 1000)).toStartWith(
        "HTTP/1.1 431 ",
      );
      const huge = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n";
      expect(await dribble(url, huge, "", 1000)).toStartWith("HTTP/1.1 413 ");
    },
  ));

test("more calls at once than the limit are turned away, and served again later", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  await withListener(
    { most_requests: 3 },
    async () => {
      await held;
      return new Response("served");
    },
    async (url) => {
      const calls = Array.from({ length: 8 }, () => fetch(url, { keepalive: false }));
      const early = await Promise.race(calls);
      expect(early.status).toBe(503);
      let refused = 0;
      for (const call of calls) void call.then(({ status }) => (refused += Number(status === 503)));
      await until("all but three are turned away", () => refused === 5);
      expect(await early.json()).toEqual({
        error: "unavailable",
        message: expect.stringContaining("too many calls"),
      });
      release();
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(3);
      expect((await fetch(url)).status).toBe(200);
    },
  );
});
