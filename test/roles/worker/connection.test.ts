import { afterEach, expect, test } from "bun:test";
import { createConnection, pause } from "../../../src/roles/worker/connection.ts";
import { createClient } from "../../../src/shared/client.ts";
import { VcError } from "../../../src/shared/errors.ts";
import { logLines } from "../../support/log-lines.ts";

/** The other side is a real server that answers by a script: one entry a call, the last one for ever. */
type Answer = { status: number; body: unknown };
let server: ReturnType<typeof Bun.serve> | undefined;
afterEach(() => server?.stop(true));

const refusal = (status: number, error: string): Answer => ({
  status,
  body: { error, message: `refused: ${error}` },
});
const BEAT: Answer = { status: 200, body: { stop: [], draining: false } };
const WELCOME: Answer = {
  status: 200,
  body: {
    lease_ms: 60_000,
    storage: { root: "/s", source_root: "/s/a", output_base: "/s/b", nonce: "n", output_mode: 420 },
  },
};

function connect(...script: Answer[]) {
  const calls: string[] = [];
  const { log, lines } = logLines();
  server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      calls.push(pathname.split("/").at(-1) ?? "");
      const answer = script.length > 1 ? script.shift() : script[0];
      return Response.json(answer?.body, { status: answer?.status ?? 500 });
    },
  });
  const connection = createConnection({
    client: createClient({ master_url: `http://127.0.0.1:${server.port}`, token: "t" }),
    log,
    worker_id: "w",
    concurrency: 1,
    retry_ms: 5,
  });
  const progress = { ...connection.who, held: [] };
  return { connection, progress, calls, lines };
}

const forever = () => new AbortController().signal;
const code = (error: unknown) => (error instanceof VcError ? error.code : String(error));

test("a call that must be answered is repeated, and the break and its end are logged once each", async () => {
  const { connection, progress, calls, lines } = connect(
    refusal(503, "unavailable"),
    refusal(503, "unavailable"),
    refusal(500, "internal"),
    BEAT,
  );
  const reply = await connection.insist("job_progress", progress, { signal: forever() });
  expect(reply).toEqual({ stop: [], draining: false });
  expect(calls).toHaveLength(4);
  expect(lines).toEqual([
    "cannot talk to the master, trying on",
    "cannot talk to the master, trying on",
    "the master answers again",
  ]);
});

test.each(["stale_attempt", "session_replaced", "worker_id_taken", "bad_request"])(
  "%s is final and not repeated",
  async (error) => {
    const { connection, progress, calls } = connect(refusal(409, error));
    const failure = await connection
      .insist("job_progress", progress, { signal: forever() })
      .catch((thrown: unknown) => thrown);
    expect(code(failure)).toBe(error);
    expect(calls).toHaveLength(1);
  },
);

test("a wrong token is final at the first call, and waited for once the worker was welcome", async () => {
  const stranger = connect(refusal(401, "unauthorized"));
  const failure = await stranger.connection.register(forever()).catch((thrown: unknown) => thrown);
  expect(code(failure)).toBe("unauthorized");
  server?.stop(true);

  const { connection, progress, calls } = connect(WELCOME, refusal(401, "unauthorized"), BEAT);
  await connection.register(forever());
  await connection.insist("job_progress", progress, { signal: forever() });
  expect(calls).toEqual(["register", "job-progress", "job-progress"]);
});

test("a master that forgot this worker is told again, and then asked again", async () => {
  const { connection, progress, calls } = connect(refusal(409, "unknown_worker"), WELCOME, BEAT);
  await connection.call("job_progress", progress);
  expect(calls).toEqual(["job-progress", "register", "job-progress"]);
});

test("a line that breaks while only single calls are made is logged, too", async () => {
  const { connection, progress, lines } = connect(
    refusal(503, "unavailable"),
    refusal(503, "unavailable"),
    BEAT,
  );
  for (let call = 0; call < 3; call++) await connection.call("job_progress", progress).catch(() => {});
  expect(lines).toEqual(["cannot talk to the master, trying on", "the master answers again"]);
});

test("the caller's signal ends the repeating", async () => {
  const { connection, progress } = connect(refusal(503, "unavailable"));
  const controller = new AbortController();
  const call = connection.insist("job_progress", progress, { signal: controller.signal });
  controller.abort(new Error("enough"));
  expect(call).rejects.toThrow("enough");
  await call.catch(() => {});
});

test("every start of a worker has a session of its own", () => {
  const first = connect(BEAT).connection.who;
  server?.stop(true);
  const second = connect(BEAT).connection.who;
  expect(first.worker_id).toBe(second.worker_id);
  expect(first.session).not.toBe(second.session);
});

test("a pause ends at once when it is aborted, also before it began", async () => {
  const controller = new AbortController();
  const waiting = pause(60_000, controller.signal);
  controller.abort(new Error("now"));
  expect(waiting).rejects.toThrow("now");
  expect(pause(60_000, controller.signal)).rejects.toThrow("now");
  await waiting.catch(() => {});
});
