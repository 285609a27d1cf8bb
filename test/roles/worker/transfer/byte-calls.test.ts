import { afterAll, expect, test } from "bun:test";
import { createByteCalls } from "../../../../src/roles/worker/transfer/byte-calls.ts";
import { VcError } from "../../../../src/shared/errors.ts";
import { createTrust } from "../../../../src/shared/tls.ts";
import { pieceHash } from "../../../../src/shared/transfer.ts";

/** Whoever plays the master here: a real server, whose answer each test gives. */
let answer: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 500 });
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => answer(request) });
const master_url = `http://127.0.0.1:${server.port}`;
afterAll(() => server.stop(true));

const bytes = new Uint8Array(1000).map((_, n) => n * 3);
const signal = new AbortController().signal;
const calls = (token: string | null = null) =>
  createByteCalls({ master_url, token, trust: createTrust({ master_url }), limit_bytes_per_s: 0 });
const piece = (headers: Record<string, string> = {}, body = bytes, status = 206) =>
  new Response(body, {
    status,
    headers: {
      "Content-Range": `bytes 10-${10 + bytes.length - 1}/5000`,
      "Piece-XXH3": pieceHash(bytes),
      ...headers,
    },
  });
const refusal = (status: number, error: string) => Response.json({ error, message: "so it is." }, { status });
const get = (range = { from: 10, to: 1010 }) => calls("t0ken").get("/film", range, { signal });

test("a piece that fits its hash comes, asked for with range and token", async () => {
  let asked: Headers | null = null;
  answer = (request) => {
    asked = request.headers;
    return piece();
  };
  expect(Buffer.compare(await get(), bytes)).toBe(0);
  const headers = asked as Headers | null;
  expect([headers?.get("range"), headers?.get("authorization")]).toEqual(["bytes=10-1009", "Bearer t0ken"]);
});

test("a master may give less than was asked for", async () => {
  answer = () => piece();
  expect((await get({ from: 10, to: 4000 })).length).toBe(bytes.length);
});

test.each<[string, () => Response, string]>([
  ["a changed byte", () => piece({}, bytes.with(5, 77)), "changed on its way"],
  ["another hash", () => piece({ "Piece-XXH3": pieceHash(new Uint8Array(3)) }), "changed"],
  ["no hash", () => piece({ "Piece-XXH3": "md5=:x:" }), "changed"],
  ["another place of the film", () => piece({ "Content-Range": "bytes 11-1010/5000" }), "another piece"],
  ["more than was asked for", () => piece({ "Content-Range": "bytes 10-1011/5000" }), "another piece"],
  ["no range", () => piece({ "Content-Range": "" }), "another piece"],
  ["fewer bytes than announced", () => piece({}, bytes.slice(0, 900)), "broken off"],
  ["more bytes than announced", () => piece({}, new Uint8Array(1001)), "more bytes"],
  ["the whole film", () => piece({}, bytes, 200), "not as a vc master does"],
  ["a redirect", () => Response.redirect("http://127.0.0.1:1/", 302), "answered 302"],
  ["a page", () => new Response("<html>".repeat(100_000), { status: 502 }), "answered 502"],
])("%s is no piece, and may be asked for again", async (_, given, message) => {
  answer = given;
  const error = await get().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(VcError);
  expect(error).toMatchObject({ code: "unreachable", message: expect.stringContaining(message) });
});

test.each([
  [409, "source_changed"],
  [404, "source_missing"],
  [409, "stale_attempt"],
  [503, "unavailable"],
] as const)("a refusal with %d %s is told as it is", async (status, code) => {
  answer = () => refusal(status, code);
  expect(await get().catch((thrown: unknown) => thrown)).toMatchObject({ code, message: "so it is." });
});

test("nobody there", async () => {
  const away = createByteCalls({
    master_url: "http://127.0.0.1:1",
    token: null,
    trust: createTrust({ master_url: "http://127.0.0.1:1" }),
    limit_bytes_per_s: 0,
  });
  const error = await away.get("/film", { from: 0, to: 1 }, { signal }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unreachable" });
});

test.each<[string, () => Response | Promise<Response>]>([
  ["no answer", () => new Promise(() => {})],
  ["an answer that stops in the middle", () => stopping()],
])("%s is waited for no longer than the caller bears silence", async (_, given) => {
  answer = given;
  const error = await calls()
    .get("/film", { from: 10, to: 1010 }, { signal, silence_ms: 50 })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("no bytes came any more"),
  });
});

function stopping(): Response {
  const first = new ReadableStream({ start: (body) => body.enqueue(bytes.slice(0, 100)) });
  return new Response(first, { status: 206, headers: piece().headers });
}

test("the caller's signal ends a call with its reason", async () => {
  answer = () => new Promise(() => {});
  const stop = new AbortController();
  const getting = calls().get("/film", { from: 0, to: 1 }, stop);
  stop.abort(new Error("enough"));
  expect(getting).rejects.toThrow("enough");
  await getting.catch(() => {});
});

const sent = { offset: 7, bytes, hash: pieceHash(bytes) };

test("a piece goes up with its place and hash", async () => {
  let seen: unknown = null;
  answer = async (request) => {
    const { headers, method } = request;
    const whole = Buffer.compare(await request.bytes(), bytes);
    seen = [
      method,
      headers.get("upload-offset"),
      headers.get("piece-xxh3"),
      headers.get("content-type"),
      whole,
    ];
    return new Response(null, { status: 204, headers: { "Upload-Offset": "1007" } });
  };
  const byte_calls = calls();
  expect(await byte_calls.patch("/out", sent, signal)).toEqual({ there: 1007, wrong: false });
  const type = "application/offset+octet-stream";
  expect(seen).toEqual(["PATCH", "7", sent.hash, type, 0]);
});

test("a wrong place is told with the right one, every other refusal as it is", async () => {
  answer = () =>
    Response.json(
      { error: "wrong_offset", message: "m" },
      { status: 409, headers: { "Upload-Offset": "3" } },
    );
  expect(await calls().patch("/out", sent, signal)).toEqual({ there: 3, wrong: true });
  for (const code of ["wrong_offset", "unknown_upload", "stale_attempt"]) {
    answer = () => refusal(409, code);
    expect(
      await calls()
        .patch("/out", sent, signal)
        .catch((thrown: unknown) => thrown),
    ).toMatchObject({ code });
  }
  answer = () => new Response(null, { status: 204 });
  const silent = await calls()
    .patch("/out", sent, signal)
    .catch((thrown: unknown) => thrown);
  expect(silent).toMatchObject({ code: "unreachable" });
});

test("a master that is not there is told in the words of all other calls", async () => {
  const gone = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const url = `http://127.0.0.1:${gone.port}`;
  await gone.stop(true);
  const away = createByteCalls({
    ...{ master_url: url, token: null, limit_bytes_per_s: 0 },
    trust: createTrust({ master_url: url }),
  });
  const refused = away.get("/film", { from: 0, to: 1 }, { signal });
  await expect(refused).rejects.toThrow(
    `master at ${url}: connection refused (is \`vc master\` running there?)`,
  );
});
