import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { createGate } from "../../../src/roles/master/gate.ts";
import { createApp, type Handlers } from "../../../src/roles/master/http.ts";
import type { ByteHandlers } from "../../../src/roles/master/http-bytes.ts";
import { byteRoutes } from "../../../src/shared/endpoints-transfer.ts";
import { createLogger } from "../../../src/shared/log.ts";
import { ErrorBody, protocol } from "../../../src/shared/protocol.ts";
import { type Answer, claimJob, withMasterSite } from "../../support/master-test.ts";

const TOKEN = "the-token-of-this-test";
function expectRefusal(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error });
  expect(v.is(ErrorBody, answer.body)).toBe(true);
}

test("a call that may wait lifts the limit on its idle connection, and no longer than it waits", async () => {
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(what);
  const handlers = { next_job: note("answered"), healthz: () => ({ ok: true, version: "1" }) };
  const log = createLogger({ level: "error", format: "text", output_path: null });
  const access = { token: TOKEN, made: false, allow_anonymous: true };
  const gate = createGate({ access, grantOf: () => null, log });
  const bytes = { source: note("source"), output: note("output") } as unknown as ByteHandlers;
  const app = createApp({ handlers: handlers as unknown as Handlers, bytes, pages: [], gate, log });
  const connection = {
    peer: null,
    trusted: note("trusted"),
    unhurried: note("unhurried"),
    hurried: note("hurried"),
  };
  await app.request("/healthz", {}, connection);
  expect(seen).toEqual([]);
  await app.request("/api/worker/next-job?worker_id=w", {}, connection);
  expect(seen).toEqual(["trusted", "unhurried", "answered", "hurried"]);
});

test("a master with a weak token says so at its start, one with its own token does not", () =>
  withMasterSite(async (site) => {
    const started = await site.start({ server: { token: "s3cret" } });
    expect(await Bun.file(site.logPath).text()).toContain("server.token has 6 characters");
    await started.stop();
    await Bun.write(site.logPath, "");
    await site.start();
    expect(await Bun.file(site.logPath).text()).not.toContain("can be found by trying");
  }));

test("with a made token this machine needs none, a name of another machine does", () =>
  withMasterSite(async (site) => {
    const { token } = await site.start();
    expect((await site.call("/api/status")).status).toBe(200);
    const host = { host: "nas:8080" };
    expectRefusal(await site.call("/api/status", { headers: host }), 401, "unauthorized");
    const headers = { ...host, authorization: `Bearer ${token}` };
    expect((await site.call("/api/status", { headers })).status).toBe(200);
  }));

describe("wrong input", () => {
  const cases: [string, string, RequestInit, number, string, RegExp][] = [
    ["an unknown path", "/api/films", {}, 404, "not_found", /openapi/],
    ["a missing field", "/api/worker/next-job", {}, 400, "bad_request", /^worker_id: is missing\.$/],
    [
      "a number that is none",
      "/api/jobs?limit=many",
      {},
      400,
      "bad_request",
      /^limit: found "many"; allowed: a whole number\.$/,
    ],
    [
      "a number too large",
      "/api/jobs?limit=1001",
      {},
      400,
      "bad_request",
      /^limit: found 1001; allowed: at most 1000\.$/,
    ],
    [
      "a value that is not in the list",
      "/api/jobs?status=lost",
      {},
      400,
      "bad_request",
      /^status: found "lost"; allowed: pending, processing, .* or cancelled\.$/,
    ],
    ["no JSON", "/api/retry", { method: "POST", body: "{" }, 400, "bad_request", /not JSON/],
    [
      "JSON that is no object",
      "/api/retry",
      { method: "POST", body: "[1]" },
      400,
      "bad_request",
      /not an object/,
    ],
    [
      "a wrong type in a body",
      "/api/retry",
      { method: "POST", body: '{"limit":{}}' },
      400,
      "bad_request",
      /limit/,
    ],
    ["an unknown job", "/api/jobs/zzzzzzzzzz", {}, 404, "not_found", /zzzzzzzzzz/],
    ["an unknown job to cancel", "/api/jobs/zzzzzzzzzz/cancel", { method: "POST" }, 404, "not_found", /zzz/],
    [
      "a body that is too large",
      "/api/retry",
      { method: "POST", body: JSON.stringify({ text: "x".repeat(1024 * 1024) }) },
      413,
      "too_large",
      /1048576/,
    ],
    ["a claim by HEAD", "/api/worker/next-job?worker_id=w1", { method: "HEAD" }, 405, "", /^$/],
  ];
  test("is answered with what is wrong", () =>
    withMasterSite(async (site) => {
      await site.start();
      for (const [name, path, init, status, error, message] of cases) {
        const answer = await site.call(path, init);
        expect({ name, status: answer.status, error: answer.body.error ?? "" }).toEqual({
          name,
          status,
          error,
        });
        expect(String(answer.body.message ?? "")).toMatch(message);
        expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      }
    }));
});

test("a bug inside a call is a 500 without details, and the master goes on", () =>
  withMasterSite(async (site) => {
    const master = await site.start();
    master.coordinator.workers = () => {
      throw new Error("secret detail");
    };
    const answer = await site.call("/api/workers");
    expectRefusal(answer, 500, "internal");
    expect(JSON.stringify(answer.body)).not.toContain("secret");
    expect(await Bun.file(site.logPath).text()).toContain("secret detail");
    expect((await site.call("/healthz")).status).toBe(200);
  }));

test("query, body and path are one input", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const { id } = await claimJob(master, "w1");
    const changed = await site.post(`/api/jobs/${id}/priority`, { id: "another", priority: 7 });
    expect(changed.body).toMatchObject({ job: { id, priority: 7 } });
    expect((await site.call("/api/jobs?status=processing&limit=1")).body).toMatchObject({
      total: 1,
      jobs: [{ id }],
    });
    expect((await site.post("/api/retry?limit=3", {})).body).toEqual({ retried: 0, remaining: 0 });
  }));

test("GPUs that a worker tells of are shown, counted, and bounded", () =>
  withMasterSite(async (site) => {
    await site.start();
    const beat = (of: object) =>
      site.post("/api/worker/heartbeat", {
        worker_id: "w",
        hostname: "h",
        vulkan_available: true,
        active_jobs: 0,
        status: "idle",
        timestamp: "2026-11-22T09:00:00Z",
        ...of,
      });
    const card = { name: "NVIDIA L4\x1b[2J", state: "ok", usage: 3 };
    const gpus = [card, { ...card, state: "parked", problem: "it failed three films" }];
    expect((await beat({ gpu: "2x NVIDIA L4", gpu_usage: 3, gpus })).status).toBe(200);
    expect((await site.call("/api/workers")).body).toMatchObject({ workers: [{ gpus, gpu_usage: 3 }] });
    expect((await site.call("/api/status")).body).toMatchObject({ workers: [{ gpus }] });
    const metrics = String((await site.call("/metrics")).body.text);
    expect(metrics).toContain(
      'vc_gpus{state="ok"} 1\nvc_gpus{state="parked"} 1\nvc_gpus{state="failing"} 0\n',
    );
    const refused = [
      { gpus: [{ ...card, name: "n".repeat(257) }] },
      { gpus: [{ ...card, problem: "p".repeat(1001) }] },
      { gpus: [{ ...card, usage: 101 }] },
      { gpus: [{ ...card, state: "on fire" }] },
      { gpus: Array(33).fill(card) },
      { gpu: "n".repeat(1001) },
    ];
    for (const of of refused) expect((await beat(of)).status).toBe(400);
    expect((await site.call("/api/workers")).body).toMatchObject({ workers: [{ gpus }] });
  }));

test("metrics and the contract can be read by machines", () =>
  withMasterSite(async (site) => {
    await site.film("a.mkv");
    const master = await site.start();
    await master.scan();
    const metrics = String((await site.call("/metrics")).body.text);
    expect(metrics).toContain('vc_jobs{status="pending"} 1\n');
    for (const line of metrics.trimEnd().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) vc_\w+ .+|vc_\w+(\{\w+="\w+"\})? [\d.]+)$/);
    }
    const { paths } = (await site.call("/openapi.json")).body as {
      paths: Record<string, Record<string, unknown>>;
    };
    const named = [...Object.values(protocol), ...Object.values(byteRoutes)].map(({ path, method }) => [
      path.replace(/:(\w+)/, "{$1}"),
      method.toLowerCase(),
    ]);
    for (const [path = "", method = ""] of named) expect(paths[path]?.[method]).toBeObject();
  }));
