import { expect, test } from "bun:test";
import { listen } from "../../../src/roles/master/listen.ts";
import { waitingRoom } from "../../../src/roles/master/waiting-room.ts";
import { logLines } from "../../support/log-lines.ts";

test("a master lives, but is not ready, until it shows its own app on the same port", async () => {
  const { log } = logLines();
  const listener = listen(waitingRoom, { host: "127.0.0.1", port: 0, tls_cert: null, tls_key: null, log });
  try {
    const ask = async (path: string) => {
      const reply = await fetch(`${listener.url}${path}`);
      return { status: reply.status, body: (await reply.json()) as unknown };
    };
    expect(await ask("/healthz")).toMatchObject({ status: 200, body: { ok: true } });
    expect(await ask("/readyz")).toMatchObject({ status: 503, body: { ready: false } });
    expect(await ask("/api/status")).toMatchObject({ status: 503, body: { error: "unavailable" } });
    listener.show({ fetch: () => Response.json({ own: true }) });
    expect(await ask("/api/status")).toEqual({ status: 200, body: { own: true } });
  } finally {
    await listener.stop();
  }
});
