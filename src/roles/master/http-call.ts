import type { Context, Hono } from "hono";
import * as v from "valibot";
import { ERRORS, type ErrorCode, VcError } from "../../shared/errors.ts";
import type { Call, Caller } from "./auth.ts";
import { inputFault } from "./input-fault.ts";

/** What the calls of endpoints and those of bytes have in common. */

/** What the listener tells about a request; `unhurried` lifts the time limit on an idle connection, `hurried` sets it again. */
export type Connection = {
  peer: string | null;
  /** A call over it was let in. */
  trusted(): void;
  unhurried(): void;
  hurried(): void;
};

export type App = Hono<{ Bindings: Connection }>;
export type Ctx = Context<{ Bindings: Connection }>;

/** So many are told of one call. */
const MOST_FAULTS = 5;

export function callOf(c: Ctx): Call {
  return { peer: c.env.peer, header: (name) => c.req.header(name) };
}

/** A worker whose token is revoked has as good as hung up. */
export function signalOf(c: Ctx, caller: Caller): AbortSignal {
  const { signal } = c.req.raw;
  return caller.kind === "worker" ? AbortSignal.any([signal, caller.revoked]) : signal;
}

/** Throws VcError "bad_request". */
export function checkInput<T>(schema: v.GenericSchema<unknown, T>, input: unknown): T {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const faults = [...new Set(result.issues.map(inputFault))].slice(0, MOST_FAULTS);
  throw new VcError("bad_request", `${faults.join("; ")}.`);
}

const TURNED_AWAY: ReadonlySet<ErrorCode> = new Set(["unauthorized", "forbidden", "too_many"]);

/** The one place where an error becomes an HTTP status. */
export function refusal(c: Ctx, error: ErrorCode, message: string): Response {
  if (error === "unauthorized") c.header("WWW-Authenticate", 'Bearer realm="vc"');
  // Who is not let in keeps no connection open.
  if (TURNED_AWAY.has(error)) c.header("Connection", "close");
  return c.json({ error, message }, ERRORS[error].status);
}
