import { Hono } from "hono";
import * as v from "valibot";
import { type ByteRoute, byteRoutes } from "../../shared/endpoints-transfer.ts";
import { VcError } from "../../shared/errors.ts";
import { found } from "../../shared/found.ts";
import type { Logger } from "../../shared/log.ts";
import { type Endpoint, type Input, protocol, type Reply } from "../../shared/protocol.ts";
import { readFields } from "./body.ts";
import type { Gate } from "./gate.ts";
import { addByteRoute, type ByteHandlers } from "./http-bytes.ts";
import { type App, type Ctx, callOf, checkInput, refusal, signalOf } from "./http-call.ts";

export type HandlerContext = { signal: AbortSignal };
export type Handlers = {
  [E in Endpoint]: (input: Input<E>, context: HandlerContext) => Reply<E> | Promise<Reply<E>>;
};
/** A GET that answers with something else than the JSON of an endpoint: a stream, or text. */
export type Page = { path: string; answer: (signal: AbortSignal) => Response | Promise<Response> };

/** The master's HTTP interface, made from the table of endpoints. */
export function createApp(of: {
  handlers: Handlers;
  bytes: ByteHandlers;
  pages: Page[];
  gate: Gate;
  log: Logger;
}): App {
  const app: App = new Hono();
  app.use(async (c, next) => {
    of.gate.turnAwayPages(callOf(c));
    await next();
    for (const [name, value] of SECURITY_HEADERS) c.res.headers.set(name, value);
  });
  for (const name of Object.keys(protocol) as Endpoint[]) addEndpoint(app, name, of);
  for (const name of Object.keys(byteRoutes) as ByteRoute[]) addByteRoute(app, name, of);
  for (const page of of.pages) addPage(app, page, of.gate);
  for (const [path, methods] of allowedMethods(of.pages)) {
    app.all(path, (c) => {
      const message = `${path} is called with ${methods.join(" or ")}, not with ${c.req.raw.method}.`;
      c.header("Allow", methods.join(", "));
      return refusal(c, "method_not_allowed", message);
    });
  }
  app.notFound((c) =>
    refusal(c, "not_found", `there is nothing at ${found(c.req.path)}; /openapi.json lists what is.`),
  );
  app.onError((error, c) => answerError(error, c, of.log));
  return app;
}

const SECURITY_HEADERS: [string, string][] = [
  ["Cache-Control", "no-store"],
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["Referrer-Policy", "no-referrer"],
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "DENY"],
];

function addEndpoint(app: App, name: Endpoint, of: { handlers: Handlers; gate: Gate }): void {
  const { method, path, access, input } = protocol[name];
  const handle = of.handlers[name] as (input: unknown, context: HandlerContext) => Promise<unknown>;
  app.on(method, path, async (c, next) => {
    // Hono runs GET for HEAD; a claim made so would be lost.
    if (c.req.raw.method === "HEAD" && path.startsWith("/api/worker/")) return next();
    const caller = await of.gate.letIn(callOf(c), access);
    if (access !== "open") c.env.trusted();
    const given = await mergedInput(c);
    of.gate.letSpeak(caller, access, given);
    const checked = checkInput(input, given);
    const slow = SLOW.has(name);
    if (slow) c.env.unhurried();
    const reply = await handle(checked, { signal: signalOf(c, caller) });
    // The limit is the connection's: without it, that of a machine which vanished would stay open for ever.
    if (slow) c.env.hurried();
    if (caller.kind === "worker" && caller.revoked.aborted)
      throw new VcError("unauthorized", "the token was revoked.");
    if (reply === null) return c.body(null, 204);
    return c.json(reply, name === "readyz" && isUnready(reply) ? 503 : 200);
  });
}

/** Calls that may take longer than a connection may be idle: long-polls, and publishing by copy. */
const SLOW: ReadonlySet<Endpoint> = new Set(["next_job", "control", "job_complete", "prove_mount"]);

const isUnready = (reply: unknown) => v.is(v.object({ ready: v.literal(false) }), reply);

function addPage(app: App, page: Page, gate: Gate): void {
  app.get(page.path, async (c) => {
    await gate.letIn(callOf(c), "people");
    return page.answer(c.req.raw.signal);
  });
}

function allowedMethods(pages: Page[]): Map<string, string[]> {
  const methods = new Map<string, string[]>(pages.map((page) => [page.path, ["GET"]]));
  for (const { path, method } of [...Object.values(protocol), ...Object.values(byteRoutes)]) {
    methods.set(path, [...(methods.get(path) ?? []), method]);
  }
  return methods;
}

/** Query, body and path in one record; the path wins over the body, the body over the query. */
async function mergedInput(c: Ctx): Promise<Record<string, unknown>> {
  const body = c.req.raw.method === "POST" ? await readFields(c.req.raw) : {};
  return { ...c.req.query(), ...body, ...c.req.param() };
}

function answerError(error: Error, c: Ctx, log: Logger): Response {
  if (error instanceof VcError) return refusal(c, error.code, error.message);
  if (c.req.raw.signal.aborted) return refusal(c, "bad_request", "the caller has hung up.");
  log.error("a call failed inside the master", {
    method: c.req.method,
    path: c.req.path,
    error: error.stack,
  });
  return refusal(c, "internal", "something went wrong inside the master; its log says more.");
}
