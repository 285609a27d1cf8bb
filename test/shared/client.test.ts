import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../src/shared/client.ts";
import { VcError } from "../../src/shared/errors.ts";
import { testOr } from "../support/test-or.ts";

type Seen = { method: string; path: string; query: string; authorization: string | null; body: string };
let seen: Seen[] = [];
let answer: (request: Request) => Response | Promise<Response> = () => new Response();
let server: Bun.Server<undefined>;
let url = "";

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      seen.push({
        method: request.method,
        path: pathname,
        query: search,
        authorization: request.headers.get("authorization"),
        body: await request.text(),
      });
      return answer(request);
    },
  });
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.stop(true));

async function failure(call: Promise<unknown>): Promise<VcError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof VcError) return error;
  throw new Error("no VcError was thrown", { cause: error });
}

function replyWith(make: typeof answer): ReturnType<typeof createClient> {
  seen = [];
  answer = make;
  return createClient({ master_url: `${url}/`, token: "t0ken" });
}

test("a GET carries its fields in the query, and a reply is checked", async () => {
  const client = replyWith(() => Response.json({ jobs: [], total: 0 }));
  expect(await client.call("jobs", { search: "a b/ü&", limit: 5 })).toEqual({ jobs: [], total: 0 });
  expect(seen).toEqual([
    {
      method: "GET",
      path: "/api/jobs",
      query: "?search=a+b%2F%C3%BC%26&limit=5",
      authorization: "Bearer t0ken",
      body: "",
    },
  ]);
});

test("a POST carries its fields as JSON, those of the path in the path", async () => {
  const client = replyWith(() => Response.json({ retried: 1, remaining: 0, more: "is dropped" }));
  expect(await client.call("retry_failed", { limit: 7 })).toEqual({ retried: 1, remaining: 0 });
  expect(seen[0]).toMatchObject({ method: "POST", path: "/api/retry", body: '{"limit":7}' });
  await replyWith(() => Response.json({ ok: true })).call("drain_worker", { id: "rack/1 ü" });
  expect(seen[0]).toMatchObject({ path: "/api/workers/rack%2F1%20%C3%BC/drain", body: "{}" });
});

test("without a token no header is sent", async () => {
  replyWith(() => Response.json({ ok: true, version: "1" }));
  await createClient({ master_url: url, token: null }).call("healthz", {});
  expect(seen[0]?.authorization).toBeNull();
});

test("204 is null", async () => {
  const client = replyWith(() => new Response(null, { status: 204 }));
  expect(await client.call("next_job", { worker_id: "w" })).toBeNull();
});

test("a refusal keeps its code and its message, and nothing is repeated", async () => {
  const client = replyWith(() => Response.json({ error: "stale_attempt", message: "gone" }, { status: 409 }));
  const error = await failure(client.call("next_job", { worker_id: "w" }));
  expect([error.code, error.message]).toEqual(["stale_attempt", "gone"]);
  expect(seen).toHaveLength(1);
});

test.each<[string, () => Response, string]>([
  [
    "a page of a proxy",
    () => new Response("<html>", { status: 502 }),
    "it answered 502 and not as a vc master does",
  ],
  [
    "an unknown code",
    () => Response.json({ error: "x", message: "y" }, { status: 400 }),
    "it answered 400 and not as a vc master does",
  ],
  [
    "a redirection",
    () => Response.redirect("http://localhost:1/", 302),
    "it answered 302 and not as a vc master does",
  ],
  [
    "another shape",
    () => Response.json({ jobs: 3 }),
    "the answer to /api/jobs is not one of a vc master of this version",
  ],
  [
    "no JSON",
    () => new Response("hello"),
    "the answer to /api/jobs is not one of a vc master of this version",
  ],
])("%s is no master", async (_, make, reason) => {
  const error = await failure(replyWith(make).call("jobs", {}));
  expect([error.code, error.message]).toEqual([
    "unreachable",
    `cannot reach the master at ${url}: ${reason}`,
  ]);
});

/** Headers and the beginning of a body, and then nothing. */
const hanging = () =>
  new Response(
    new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) }),
  );

test("the time limit covers the body too", async () => {
  const error = await failure(replyWith(hanging).call("status", {}, { timeout_ms: 200 }));
  expect([error.code, error.message]).toEqual([
    "unreachable",
    `cannot reach the master at ${url}: no answer within 0.2 s`,
  ]);
});

test("the caller's own signal ends a call with its own reason, also before it began", async () => {
  const stop = new AbortController();
  const call = replyWith(hanging).call("status", {}, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  const late = createClient({ master_url: url, token: null }).call("status", {}, { signal: stop.signal });
  await expect(late).rejects.toThrow("enough");
});

test("a certificate that cannot be read is told at once", () =>
  expect(() => createClient({ master_url: url, token: null, tls_ca: "/no/cert.pem" })).toThrow(
    "cannot read the certificate /no/cert.pem: no such file or directory",
  ));

test("a port where nobody listens, and a host that does not exist, are told in one line", async () => {
  const free = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const address = `http://127.0.0.1:${free.port}`;
  await free.stop(true);
  const refused = await failure(createClient({ master_url: address, token: null }).call("status", {}));
  expect(refused.message).toBe(
    `cannot reach the master at ${address}: connection refused (is \`vc master\` running there?)`,
  );
  const unknown = await failure(
    createClient({ master_url: "http://no.invalid", token: null }).call("status", {}),
  );
  expect(unknown.code).toBe("unreachable");
  expect(unknown.message).toStartWith("cannot reach the master at http://no.invalid: ");
  expect(unknown.message).not.toContain("\n");
});

test("https to a master that has no certificate is told", async () => {
  const master_url = url.replace("http:", "https:");
  const error = await failure(createClient({ master_url, token: null }).call("healthz", {}));
  expect([error.code, error.message]).toEqual([
    "unreachable",
    `cannot reach the master at ${master_url}: it does not speak TLS as this address asks for (a master without server.tls_cert is called with http://)`,
  ]);
});

testOr(
  Bun.which("openssl") === null ? "needs openssl" : null,
  "a master's own certificate is trusted when it is named",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "vc-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=vc";
    const made = Bun.spawnSync(
      [
        "openssl",
        ...request.split(" "),
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key,
        "-out",
        cert,
      ],
      { stderr: "pipe" },
    );
    expect(made.exitCode, made.stderr.toString()).toBe(0);
    const secure = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key: Bun.file(key), cert: Bun.file(cert) },
      fetch: () => Response.json({ ok: true, version: "1" }),
    });
    try {
      const master_url = `https://127.0.0.1:${secure.port}`;
      const stranger = await failure(createClient({ master_url, token: null }).call("healthz", {}));
      expect(stranger.message).toBe(
        `cannot reach the master at ${master_url}: its certificate is self-signed; pin its fingerprint, which \`vc token show\` prints, with --tls-fingerprint, VC_TLS_FINGERPRINT or worker.tls_fingerprint, or name the certificate with --tls-ca, VC_TLS_CA or worker.tls_ca`,
      );
      const plain = `http://127.0.0.1:${secure.port}`;
      const careless = await failure(createClient({ master_url: plain, token: null }).call("healthz", {}));
      expect(careless.message).toBe(
        `cannot reach the master at ${plain}: the connection was broken off (a master with a certificate is called with https://)`,
      );
      const friend = createClient({ master_url, token: null, tls_ca: cert });
      expect(await friend.call("healthz", {})).toEqual({ ok: true, version: "1" });
    } finally {
      await secure.stop(true);
      rmSync(folder, { recursive: true });
    }
  },
);

test("what a master says is safe on a terminal", async () => {
  const message = "bad \u001b]0;title\u0007 \u001b[2J news";
  const client = replyWith(() => Response.json({ error: "conflict", message }, { status: 409 }));
  const error = await failure(client.call("scan", {}));
  expect(error.message).toBe("bad \\x1b]0;title\\x07 \\x1b[2J news");
});

test("an answer without end is not waited for", async () => {
  const piece = new Uint8Array(1024 * 1024).fill(0x20);
  const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
  const client = replyWith(() => new Response(endless()));
  // Its length is to end it, and not the time that this takes.
  const error = await failure(client.call("scan", {}, { timeout_ms: 300_000 }));
  expect(error.message).toContain("its answer is longer than any that a master gives");
}, 300_000);
