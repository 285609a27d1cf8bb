import type * as v from "valibot";
import { type ByteInput, type ByteRoute, byteRoutes } from "../../shared/endpoints-transfer.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { Gate } from "./gate.ts";
import { type App, type Connection, callOf, checkInput, refusal, signalOf } from "./http-call.ts";

/** A call whose body or answer is a piece of a film. */
export type Exchange = { request: Request; connection: Connection; signal: AbortSignal };
/** A refusal that says something in its headers. */
export type ByteRefusal = { error: ErrorCode; message: string; headers: Record<string, string> };
export type ByteHandlers = {
  [R in ByteRoute]: (input: ByteInput<R>, exchange: Exchange) => Promise<Response | ByteRefusal>;
};

/** Puts one of the calls of bytes on the network; who calls is known before anything of its body is read. */
export function addByteRoute(app: App, name: ByteRoute, of: { bytes: ByteHandlers; gate: Gate }): void {
  const { method, path, access, input } = byteRoutes[name];
  const handle = of.bytes[name] as (input: unknown, exchange: Exchange) => Promise<Response | ByteRefusal>;
  app.on(method, path, async (c) => {
    const caller = await of.gate.letIn(callOf(c), access);
    c.env.trusted();
    const given = { ...c.req.query(), ...c.req.param() };
    of.gate.letSpeak(caller, access, given);
    const checked = checkInput(input as v.GenericSchema, given);
    const signal = signalOf(c, caller);
    const answer = await handle(checked, { request: c.req.raw, connection: c.env, signal });
    if (answer instanceof Response) return answer;
    for (const [header, value] of Object.entries(answer.headers)) c.header(header, value);
    return refusal(c, answer.error, answer.message);
  });
}
