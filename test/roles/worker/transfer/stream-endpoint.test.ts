import { afterAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { createSourceReader } from "../../../../src/roles/worker/transfer/source-reader.ts";
import { createStreamEndpoint } from "../../../../src/roles/worker/transfer/stream-endpoint.ts";
import { VcError } from "../../../../src/shared/errors.ts";
import { testOr } from "../../../support/test-or.ts";
import { sha256Of } from "../../../support/transfer-calls.ts";

const MIB = 1024 * 1024;
const FILM = new Uint8Array(10 * MIB + 123).map((_, n) => (n * 7) ^ (n >> 11));
const endpoint = createStreamEndpoint();
afterAll(endpoint.stop);

/** A film behind the endpoint. `asked`: what was fetched of it; `trouble` ends it for good. */
function film(bytes = FILM, extension = ".mkv") {
  const asked: [number, number][] = [];
  const trouble: { after: number } = { after: Number.POSITIVE_INFINITY };
  const reader = createSourceReader({
    size: bytes.length,
    cache_bytes: 12 * MIB,
    async fetch(from, to) {
      asked.push([from, to]);
      if (to > trouble.after) throw new VcError("source_changed", "It is another film now.");
      return bytes.slice(from, to);
    },
  });
  return { ...endpoint.open({ extension, reader }), asked, trouble, failed: reader.failed };
}

const get = async (url: string, range?: string) => {
  const response = await fetch(url, range === undefined ? {} : { headers: { Range: range } });
  return {
    status: response.status,
    range: response.headers.get("Content-Range"),
    bytes: await response.bytes(),
  };
};

test.each([
  ["bytes=0-", 206, 0, FILM.length],
  ["bytes=5-9", 206, 5, 10],
  [`bytes=${FILM.length - 3}-`, 206, FILM.length - 3, FILM.length],
  [`bytes=${3 * MIB + 1}-${9 * MIB}`, 206, 3 * MIB + 1, 9 * MIB + 1],
  ["bytes=10-99999999999", 206, 10, FILM.length],
])("%s", async (range, status, from, to) => {
  const answer = await get(film().url, range);
  expect([answer.status, answer.range]).toEqual([status, `bytes ${from}-${to - 1}/${FILM.length}`]);
  expect(Buffer.compare(answer.bytes, FILM.subarray(from, to))).toBe(0);
});

test("a call without a range gets the whole film, one beyond its end a refusal with its size", async () => {
  const { url } = film();
  const whole = await get(url);
  expect([whole.status, Buffer.compare(whole.bytes, FILM)]).toEqual([200, 0]);
  const beyond = await get(url, `bytes=${FILM.length}-`);
  expect([beyond.status, beyond.range]).toEqual([416, `bytes */${FILM.length}`]);
});

test("HEAD tells the size", async () => {
  const answer = await fetch(film().url, { method: "HEAD" });
  expect([answer.status, answer.headers.get("Content-Length"), answer.headers.get("Accept-Ranges")]).toEqual([
    200,
    `${FILM.length}`,
    "bytes",
  ]);
});

test("only as much is fetched as is taken, but for what fits into the line", async () => {
  const { url, asked } = film(new Uint8Array(80 * MIB));
  const { port, pathname, host } = new URL(url);
  const taken = Promise.withResolvers<void>();
  const socket = connect(Number(port), "127.0.0.1", () =>
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nRange: bytes=0-\r\n\r\n`),
  );
  socket.once("data", () => {
    socket.pause();
    taken.resolve();
  });
  await taken.promise;
  await get(url, `bytes=${80 * MIB - 1000}-`);
  const bytes = asked.reduce((sum, [from, to]) => sum + to - from, 0);
  expect(bytes).toBeLessThan(40 * MIB);
  socket.destroy();
});

test("bytes stay what they are while pieces come and go under slow and hasty readers", async () => {
  const big = new Uint8Array(64 * MIB);
  for (let at = 0; at < big.length; at += 65_536) crypto.getRandomValues(big.subarray(at, at + 65_536));
  const { url } = film(big);
  const read = async (n: number) => {
    const from = n * 3 * MIB + n;
    const response = await fetch(url, { headers: { Range: `bytes=${from}-` } });
    const hash = new Bun.CryptoHasher("sha256");
    let length = 0;
    for await (const chunk of response.body ?? []) {
      hash.update(chunk);
      length += chunk.length;
      if (n % 2 === 1 && length % 7 === 0) await Bun.sleep(1);
      // Some hang up in the middle.
      if (n % 4 === 3 && length > 20 * MIB) break;
    }
    return hash.digest("hex") === sha256Of(big.subarray(from, from + length)) && length > 0;
  };
  expect(await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(read))).toEqual(new Array(8).fill(true));
}, 300_000);

test("nothing else can be called: other paths, other hosts, other methods, closed films", async () => {
  const { url, close } = film();
  const { origin, port, pathname } = new URL(url);
  expect((await get(`${origin}/`)).status).toBe(404);
  expect((await get(`${url}x`)).status).toBe(404);
  expect((await fetch(url, { method: "POST", body: "x" })).status).toBe(405);
  expect((await fetch(url, { headers: { Host: `evil.example:${port}` } })).status).toBe(404);
  expect(pathname).toMatch(/^\/[\w-]{32}\/film\.mkv$/);
  close();
  expect((await get(url)).status).toBe(404);
});

test.each([
  [".MKV", /\/film\.mkv$/],
  [".m3u8?x=1", /\/film$/],
  ["./../x", /\/film$/],
  ["", /\/film$/],
])("the extension %s in the address", (extension, expected) => {
  expect(film(FILM, extension).url).toMatch(expected);
});

test("a film that fails for good breaks the connection off instead of ending it", async () => {
  const { url, trouble, failed } = film();
  trouble.after = 2 * MIB;
  const received = await rawGet(url);
  expect((await failed).message).toContain("another film");
  // The end of a chunked answer would be taken for the film's end.
  expect(received.subarray(-5).toString("latin1")).not.toBe("0\r\n\r\n");
  expect(received.length).toBeLessThan(3 * MIB);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(409);
});

/** All that comes until the connection ends, however it does. */
function rawGet(url: string): Promise<Buffer> {
  const { port, pathname, host } = new URL(url);
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect(Number(port), "127.0.0.1", () =>
      socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nRange: bytes=0-\r\n\r\n`),
    );
    socket.on("data", (bytes: Buffer) => received.push(bytes));
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(received)));
  });
}

const noOther =
  process.platform === "linux" && process.geteuid?.() === 0 ? null : "only root can become another user";

testOr(noOther, "another user of the machine gets nothing, whoever knows the address", async () => {
  const { url } = film();
  const { host, port, pathname } = new URL(url);
  const call = `HEAD ${pathname} HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n`;
  const program = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf '${call}' >&3; head -n 1 <&3`;
  const status = async (user: string[]) => {
    const child = Bun.spawn([...user, "bash", "-c", program], { stdout: "pipe", cwd: "/" });
    return Number((await child.stdout.text()).split(" ")[1]);
  };
  expect(await status([])).toBe(200);
  expect(await status(["setpriv", "--reuid=65534", "--clear-groups"])).toBe(404);
});
