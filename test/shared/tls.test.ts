import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { readCertificateFile } from "../../src/shared/certificate-file.ts";
import { type Client, createClient } from "../../src/shared/client.ts";
import { VcError } from "../../src/shared/errors.ts";
import { type Fingerprint, parseFingerprint } from "../../src/shared/fingerprint.ts";
import { type TestCertificate, withCertificates } from "../support/certificates.ts";
import { testOr } from "../support/test-or.ts";

const NAMES = ["somewhere.else"];
const answer = () => Response.json({ ok: true, version: "1" });

function serve(certificate: TestCertificate, port = 0) {
  const tls = { cert: certificate.pem, key: certificate.pem };
  return Bun.serve({ port, hostname: "127.0.0.1", development: false, reusePort: false, tls, fetch: answer });
}

function pinned(port: number | undefined, tls_fingerprint: Fingerprint, token: string | null = null): Client {
  return createClient({ master_url: `https://127.0.0.1:${port}`, token, tls_fingerprint });
}

async function failure(promise: Promise<unknown>): Promise<VcError> {
  const error = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (error instanceof VcError) return error;
  throw new Error(`no VcError: ${error}`);
}

test("the pinned certificate is trusted, by whatever name the master is called", () =>
  withCertificates([NAMES], async (own) => {
    if (own === undefined) throw new Error("no certificate");
    const server = serve(own);
    try {
      for (const host of ["127.0.0.1", "localhost"]) {
        const master_url = `https://${host}:${server.port}`;
        const client = createClient({ master_url, token: null, tls_fingerprint: own.fingerprint });
        expect(await client.call("healthz", {})).toEqual({ ok: true, version: "1" });
      }
      const stranger = createClient({ master_url: `https://127.0.0.1:${server.port}`, token: null });
      expect((await failure(stranger.call("healthz", {}))).message).toContain(
        "its certificate is self-signed; pin its fingerprint, which `vc token show` prints, with --tls-fingerprint",
      );
      const named = createClient({
        master_url: `https://127.0.0.1:${server.port}`,
        token: null,
        tls_ca: own.path,
      });
      expect((await failure(named.call("healthz", {}))).message).toContain("made out to another name");
    } finally {
      await server.stop(true);
    }
  }));

test.each([
  ["made out to another name", ["somewhere.else"]],
  ["made out to its name", ["localhost"]],
  ["made out to its address", ["nas", "127.0.0.1"]],
])("many calls take one connection to a master whose certificate is %s", (_, names) =>
  withCertificates([names], async (own) => {
    if (own === undefined) throw new Error("no certificate");
    const peers = new Set<number | undefined>();
    const server = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1", development: false, tls: { cert: own.pem, key: own.pem } },
      fetch(request) {
        peers.add(server.requestIP(request)?.port);
        return answer();
      },
    });
    try {
      for (const host of ["127.0.0.1", "localhost"]) {
        peers.clear();
        const master_url = `https://${host}:${server.port}`;
        const client = createClient({ master_url, token: null, tls_fingerprint: own.fingerprint });
        for (let n = 0; n < 5; n++) await client.call("healthz", {});
        expect(peers.size, host).toBe(1);
      }
    } finally {
      await server.stop(true);
    }
  }),
);

test("a certificate without any name can be pinned", () =>
  withCertificates([["192.0.2.1"]], async (own) => {
    if (own === undefined) throw new Error("no certificate");
    const server = serve(own);
    try {
      expect(await pinned(server.port, own.fingerprint).call("healthz", {})).toMatchObject({ ok: true });
    } finally {
      await server.stop(true);
    }
  }));

test("certificates of all lengths can be pinned", () =>
  withCertificates(
    // The lines of a PEM file hold 48 bytes each.
    Array.from({ length: 48 }, (_, n) => ["x".repeat(n + 1)]),
    async (...all) => {
      for (const own of all) {
        const server = serve(own);
        expect(await pinned(server.port, own.fingerprint).call("healthz", {})).toMatchObject({ ok: true });
        await server.stop(true);
      }
    },
  ));

testOr(
  Bun.which("openssl") === null ? "needs openssl, to make an authority" : null,
  "a certificate that an authority of its owner's has signed can be pinned without the authority",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "vc-authority-"));
    const openssl = (line: string) => {
      const made = Bun.spawnSync(["openssl", ...line.split(" ")], { cwd: folder, stderr: "pipe" });
      expect(made.exitCode, made.stderr.toString()).toBe(0);
    };
    const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(`req -x509 ${key} -days 1 -subj /CN=authority -keyout ca.key -out ca.crt`);
    openssl(`req ${key} -subj /CN=vc -keyout own.key -out own.csr`);
    openssl("x509 -req -in own.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -out own.crt");
    const path = join(folder, "own.crt");
    const { fingerprint, self_signed } = readCertificateFile(path);
    expect(self_signed).toBe(false);
    const pem = `${await Bun.file(path).text()}${await Bun.file(join(folder, "own.key")).text()}`;
    const server = serve({ path, pem, fingerprint });
    try {
      expect(await pinned(server.port, fingerprint).call("healthz", {})).toMatchObject({ ok: true });
    } finally {
      await server.stop(true);
      rmSync(folder, { recursive: true });
    }
  },
);

test("whoever shows another certificate hears no byte of a request, and no token", () =>
  withCertificates([NAMES, NAMES], async (own, other) => {
    if (own === undefined || other === undefined) throw new Error("no certificate");
    let heard = "";
    let connections = 0;
    const stranger = createTlsServer({ cert: other.pem, key: other.pem }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => {
        heard += data.toString("latin1");
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
      });
    });
    stranger.on("connection", () => {
      connections += 1;
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    stranger.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = stranger.address();
    const port = typeof address === "object" ? address?.port : 0;
    try {
      const client = pinned(port, own.fingerprint, "the-token");
      for (let n = 0; n < 3; n++) {
        const error = await failure(client.call("status", {}));
        expect(error.code).toBe("untrusted");
        expect(error.message).toContain(
          `the certificate that https://127.0.0.1:${port} shows is not the pinned one`,
        );
        expect(error.message).toContain(`Shown: ${other.fingerprint}, pinned: ${own.fingerprint}.`);
        expect(error.message).toContain("`vc token show`");
      }
      expect(connections).toBe(3);
      expect(heard).toBe("");
    } finally {
      stranger.close();
    }
  }));

test("a man in the middle who comes between two calls hears nothing, and the next call of an honest master is served", () =>
  withCertificates([NAMES, NAMES], async (own, other) => {
    if (own === undefined || other === undefined) throw new Error("no certificate");
    const honest = serve(own);
    const thief = serve(other);
    const open = new Set<Socket>();
    let goal = honest.port;
    // The address stays the same; only who stands behind it changes.
    const middle = createServer((socket) => {
      const onward = connect(goal ?? 0, "127.0.0.1");
      open.add(socket);
      socket.pipe(onward).pipe(socket);
      for (const one of [socket, onward]) one.on("error", () => one.destroy());
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    middle.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = middle.address();
    const client = pinned(typeof address === "object" ? address?.port : 0, own.fingerprint, "the-token");
    const turn = (port: number | undefined) => {
      goal = port;
      for (const socket of open) socket.destroy();
      open.clear();
    };
    try {
      expect(await client.call("healthz", {})).toMatchObject({ ok: true });
      turn(thief.port);
      const error = await failure(client.call("healthz", {}));
      expect([error.code, error.message.includes(other.fingerprint)]).toEqual(["untrusted", true]);
      turn(honest.port);
      expect(await client.call("healthz", {})).toMatchObject({ ok: true });
    } finally {
      middle.close();
      await Promise.all([honest.stop(true), thief.stop(true)]);
    }
  }));

test("what keeps the certificate from being seen is told as for every other call", async () => {
  const fingerprint = parseFingerprint("00".repeat(32));
  if (fingerprint === null) throw new Error("no fingerprint");
  const plain = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  const { port } = plain;
  const error = await failure(pinned(port, fingerprint).call("healthz", {}));
  expect(error.message).toBe(
    `cannot reach the master at https://127.0.0.1:${port}: it does not speak TLS as this address asks for (a master without server.tls_cert is called with http://)`,
  );
  await plain.stop(true);
  const nobody = await failure(pinned(port, fingerprint).call("healthz", {}));
  expect(nobody.message).toContain("connection refused (is `vc master` running there?)");
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await expect(pinned(port, fingerprint).call("healthz", {}, { signal: stop.signal })).rejects.toThrow(
    "enough",
  );
});

test("a server that says nothing in the handshake is not waited for longer than the call may take", async () => {
  const fingerprint = parseFingerprint("00".repeat(32));
  if (fingerprint === null) throw new Error("no fingerprint");
  const silent = createServer(() => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  silent.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : 0;
  const error = await failure(pinned(port, fingerprint).call("healthz", {}, { timeout_ms: 200 }));
  expect([error.code, error.message]).toEqual([
    "unreachable",
    `cannot reach the master at https://127.0.0.1:${port}: no answer within 0.2 s`,
  ]);
  silent.close();
});

test("a fingerprint beside an address without TLS is refused at once", () =>
  expect(() =>
    createClient({ master_url: "http://m", token: null, tls_fingerprint: parseFingerprint("00".repeat(32)) }),
  ).toThrow("http://m is an address without TLS: write https://"));
