import { expect, test } from "bun:test";
import * as v from "valibot";
import type { Access, EndpointShape } from "../../../src/shared/endpoint.ts";
import { byteRoutes } from "../../../src/shared/endpoints-transfer.ts";
import { ErrorBody, protocol } from "../../../src/shared/protocol.ts";
import { type Answer, type MasterSite, withMasterSite } from "../../support/master-test.ts";

const TOKEN = "the-token-of-this-test";
const PAGES = ["/api/events", "/metrics", "/openapi.json"];
type Route = { name: string; method: string; path: string; access: Access };
const TABLE: Record<string, EndpointShape> = protocol;
const ROUTES: Route[] = [
  ...Object.entries({ ...TABLE, ...byteRoutes }).map(([name, { method, path, access }]) => ({
    name,
    method,
    path: path.replace(/:\w+/, "x"),
    access,
  })),
  ...PAGES.map((path) => ({ name: path, method: "GET", path, access: "people" as const })),
];

function expectRefusal(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error });
  expect(v.is(ErrorBody, answer.body)).toBe(true);
  expect(Object.keys(answer.body).sort()).toEqual(["error", "message"]);
}

/** Nothing that a stranger is told may show where things lie or how the master is made. */
function expectDiscreet(answer: Answer, site: MasterSite): void {
  expect(JSON.stringify(answer.body)).not.toMatch(/\.ts\b|node_modules|\bat \w+ \(/);
  expect(JSON.stringify(answer.body)).not.toContain(site.folder);
}

/** A call of a route that would be right, from this worker; the stream of events is only begun. */
function callRoute(site: MasterSite, route: Route, token: string | null, worker_id: string): Promise<Answer> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const input = { worker_id, name: "x", session: "s", job_id: "x", error_message: "", priority: 1, held: [] };
  const query = `?worker_id=${worker_id}&session=s&attempt=1&staging=x`;
  if (route.method !== "POST") return site.call(route.path + query, { method: route.method, headers });
  return site.call(route.path, { method: "POST", headers, body: JSON.stringify(input) });
}

async function makeToken(site: MasterSite, name: string): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const made = await site.call("/api/tokens", { method: "POST", headers, body: JSON.stringify({ name }) });
  expect(made.status).toBe(200);
  return String(made.body.token);
}

test(
  "every route refuses a call without a token, with a wrong one, and with another worker's",
  () =>
    withMasterSite(async (site) => {
      await site.start({ server: { token: TOKEN } });
      const worker = await makeToken(site, "w1");
      expect(ROUTES.length).toBeGreaterThan(25);
      // At once, as each wrong token beyond the first twenty is answered late.
      await Promise.all(ROUTES.map((route) => refuses(site, route, worker)));
    }),
  300_000,
);

async function refuses(site: MasterSite, route: Route, worker: string): Promise<void> {
  if (route.access === "open") {
    for (const token of [null, "wrong", worker])
      expect((await callRoute(site, route, token, "w2")).status).toBe(200);
    return;
  }
  expectRefusal(await callRoute(site, route, null, "w1"), 401, "unauthorized");
  for (const token of ["wrong", `${worker}x`, worker.slice(0, -1), worker.replace(/.$/, "~")]) {
    const answer = await callRoute(site, route, token, "w1");
    expect([401, 429]).toContain(answer.status);
    expectDiscreet(answer, site);
  }
  expectRefusal(await callRoute(site, route, worker, "w2"), 403, "forbidden");
  const headers = { origin: "http://evil.example", authorization: `Bearer ${TOKEN}` };
  expectRefusal(await site.call(route.path, { method: route.method, headers }), 403, "forbidden");
}

test("a worker's token opens a worker's routes for that worker, and no others", () =>
  withMasterSite(async (site) => {
    await site.start({ server: { token: TOKEN } });
    const worker = await makeToken(site, "w1");
    for (const route of ROUTES) {
      const answer = await callRoute(site, route, worker, "w1");
      if (route.access === "people") expectRefusal(answer, 403, "forbidden");
      else expect([route.name, answer.status]).not.toEqual([route.name, 403]);
      if (route.access === "worker") expect([route.name, answer.status]).not.toEqual([route.name, 401]);
    }
  }));

test("every path answers other methods with 405", () =>
  withMasterSite(async (site) => {
    await site.start({ server: { token: TOKEN } });
    for (const path of new Set(ROUTES.map((route) => route.path))) {
      const methods = ROUTES.filter((route) => route.path === path).map(({ method }) => method);
      for (const other of ["GET", "POST", "PUT", "DELETE", "PATCH"].filter(
        (name) => !methods.includes(name),
      )) {
        const refused = await site.call(path, { method: other });
        expectRefusal(refused, 405, "method_not_allowed");
        expect(refused.headers.get("allow")).toBe(methods.join(", "));
      }
    }
  }));

test("a revoked token is refused at once, in calls that wait too, and is given no film", () =>
  withMasterSite(async (site) => {
    const master = await site.start({ server: { token: TOKEN } });
    const token = await makeToken(site, "w1");
    const as = (bearer: string, init: RequestInit = {}) => ({
      ...init,
      headers: { authorization: `Bearer ${bearer}` },
    });
    const who = { worker_id: "w1", session: "s", hostname: "h", version: "1", concurrency: 1 };
    const register = as(token, { method: "POST", body: JSON.stringify(who) });
    expect((await site.call("/api/worker/register", register)).status).toBe(200);
    const path = "/api/worker/next-job?worker_id=w1&session=s&protocol=2&claim_id=c&wait_ms=60000";
    const waiting = site.call(path, as(token));
    const control = site.call("/api/worker/control?worker_id=w1&session=s&wait_ms=60000&seen=x", as(token));
    await control;
    expect((await site.call("/api/tokens/w1/revoke", as(TOKEN, { method: "POST" }))).status).toBe(200);
    expectRefusal(await waiting, 401, "unauthorized");
    await site.film("a.mkv");
    await master.scan();
    expectRefusal(await site.call(path, as(token)), 401, "unauthorized");
    expect((await site.call("/api/status", as(TOKEN))).body).toMatchObject({ pending: 1, processing: 0 });
    expect((await site.call("/api/tokens", as(TOKEN))).body).toEqual({ tokens: [] });
    expect((await site.call("/api/tokens/w1/revoke", as(TOKEN, { method: "POST" }))).status).toBe(404);
  }));

test("who is refused keeps no connection, and a body that it never sends is not waited for", () =>
  withMasterSite(async (site) => {
    const { url } = await site.start({ server: { token: TOKEN } });
    const { port } = new URL(url);
    let said = "";
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const head = "POST /api/worker/heartbeat HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{";
    await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(port),
      socket: {
        open: (socket) => void socket.write(head),
        data: (_, piece) => {
          said += piece.toString();
        },
        close: () => resolve(),
      },
    });
    await closed;
    expect(said).toStartWith("HTTP/1.1 401 ");
    expect(said).toContain('"error":"unauthorized"');
  }));

test("a flood of wrong tokens is slowed down and told once, and a right one gets in meanwhile", () =>
  withMasterSite(async (site) => {
    await site.start({ server: { token: TOKEN } });
    const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    let answered = 0;
    const { promise: right, resolve } = Promise.withResolvers<{ status: number }>();
    const flood = Array.from({ length: 200 }, async (_, guess) => {
      const { status } = await site.call("/api/status", as(`guess-${guess}`));
      answered += 1;
      // The last ones wait for their answers.
      if (answered === 180) resolve(site.call("/api/status", as(TOKEN)));
      return status;
    });
    expect((await right).status).toBe(200);
    const statuses = await Promise.all(flood);
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(60);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    const log = await Bun.file(site.logPath).text();
    expect(log.match(/many calls with wrong tokens/g)).toHaveLength(1);
    expect(log).not.toContain("guess-");
  }));
