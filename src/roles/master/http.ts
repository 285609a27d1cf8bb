import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as v from "valibot";
import { ERRORS, type ErrorCode, VcError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { type Endpoint, type Input, protocol, type Reply } from "../../shared/protocol.ts";
import { type AccessRule, admit, isForeignOrigin } from "./auth.ts";
import { inputFault } from "./input-fault.ts";

export type HandlerContext = { signal: AbortSignal };
export type Handlers = {
  [E in Endpoint]: (input: Input<E>, context: HandlerContext) => Reply<E> | Promise<Reply<E>>;
};
/** A GET that answers with something else than the JSON of an endpoint: a stream, or text. */
export type Page = { path: string; answer: (signal: AbortSignal) => Response | Promise<Response> };

/** What the listener tells about a request; `unhurried` lifts the time limit on an idle connection, `hurried` sets it again. */
export type Connection = { peer: string | null; unhurried(): void; hurried(): void };

type App = Hono<{ Bindings: Connection }>;
type Ctx = Context<{ Bindings: Connection }>;

const BODY_LIMIT = 1024 * 1024;
/** So many are told of one call. */
const MOST_FAULTS = 5;

/** The master's HTTP interface, made from the table of endpoints. */
export function createApp(of: { handlers: Handlers; pages: Page[]; access: AccessRule; log: Logger }): App {
  const app: App = new Hono();
  app.use(async (c, next) => {
    if (isForeignOrigin({ header: (name) => c.req.header(name) })) {
      throw new VcError("forbidden", "a page of another site may not call this master.");
    }
    await next();
    for (const [name, value] of SECURITY_HEADERS) c.res.headers.set(name, value);
  });
  for (const name of Object.keys(protocol) as Endpoint[]) addEndpoint(app, name, of);
  for (const page of of.pages) addPage(app, page, of.access);
  for (const [path, methods] of allowedMethods(of.pages)) {
    app.all(path, (c) => {
      const message = `${path} is called with ${methods.join(" or ")}, not with ${c.req.raw.method}.`;
      c.header("Allow", methods.join(", "));
      return refusal(c, "method_not_allowed", message);
    });
  }
  app.notFound((c) =>
    refusal(c, "not_found", `there is nothing at ${c.req.path}; /openapi.json lists what is.`),
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

function addEndpoint(app: App, name: Endpoint, of: { handlers: Handlers; access: AccessRule }): void {
  const { method, path, access, input } = protocol[name];
  const handle = of.handlers[name] as (input: unknown, context: HandlerContext) => Promise<unknown>;
  const limit = bodyLimit({ maxSize: BODY_LIMIT, onError: tooLarge });
  app.on(method, path, limit, async (c, next) => {
    // Hono runs GET for HEAD; a claim made so would be lost.
    if (c.req.raw.method === "HEAD" && path.startsWith("/api/worker/")) return next();
    if (access === "token") requireAdmission(c, of.access);
    const checked = checkInput(input, await mergedInput(c));
    const slow = SLOW.has(name);
    if (slow) c.env.unhurried();
    const reply = await handle(checked, { signal: c.req.raw.signal });
    // The limit is the connection's: without it, that of a machine which vanished would stay open for ever.
    if (slow) c.env.hurried();
    if (reply === null) return c.body(null, 204);
    return c.json(reply, name === "readyz" && isUnready(reply) ? 503 : 200);
  });
}

/** Calls that may take longer than a connection may be idle: long-polls, and publishing by copy. */
const SLOW: ReadonlySet<Endpoint> = new Set(["next_job", "control", "job_complete", "prove_mount"]);

const isUnready = (reply: unknown) => v.is(v.object({ ready: v.literal(false) }), reply);

function addPage(app: App, page: Page, access: AccessRule): void {
  app.get(page.path, (c) => {
    requireAdmission(c, access);
    return page.answer(c.req.raw.signal);
  });
}

function allowedMethods(pages: Page[]): Map<string, string[]> {
  const methods = new Map<string, string[]>(pages.map((page) => [page.path, ["GET"]]));
  for (const { path, method } of Object.values(protocol)) {
    methods.set(path, [...(methods.get(path) ?? []), method]);
  }
  return methods;
}

function requireAdmission(c: Ctx, rule: AccessRule): void {
  const admission = admit({ peer: c.env.peer, header: (name) => c.req.header(name) }, rule);
  if (!admission.admitted) throw new VcError("unauthorized", admission.message);
}

/** Query, body and path in one record; the path wins over the body, the body over the query. */
async function mergedInput(c: Ctx): Promise<Record<string, unknown>> {
  const body = c.req.raw.method === "POST" ? parseBody(await c.req.text()) : {};
  return { ...c.req.query(), ...body, ...c.req.param() };
}

function parseBody(text: string): object {
  if (text.trim() === "") return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new VcError("bad_request", "the body is not JSON.", { cause });
  }
  if (body !== null && typeof body === "object" && !Array.isArray(body)) return body;
  throw new VcError("bad_request", "the body is JSON, but not an object of named fields.");
}

function checkInput(schema: v.GenericSchema, input: unknown): unknown {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const faults = [...new Set(result.issues.map(inputFault))].slice(0, MOST_FAULTS);
  throw new VcError("bad_request", `${faults.join("; ")}.`);
}

function tooLarge(): Response {
  throw new VcError("too_large", `the body is larger than ${BODY_LIMIT} bytes.`);
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

/** The one place where an error becomes an HTTP status. */
function refusal(c: Ctx, error: ErrorCode, message: string): Response {
  if (error === "unauthorized") c.header("WWW-Authenticate", 'Bearer realm="vc"');
  return c.json({ error, message }, ERRORS[error].status);
}
