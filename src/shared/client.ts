import { ofetch } from "ofetch";
import * as v from "valibot";
import { messageOf, systemCode, VcError } from "./errors.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { printable } from "./printable.ts";
import { type CallInput, type Endpoint, ErrorBody, protocol, type Reply } from "./protocol.ts";
import { createTrust, type Trust } from "./tls.ts";

export type Client = {
  call<E extends Endpoint>(
    endpoint: E,
    input: CallInput<E>,
    options?: { signal?: AbortSignal; timeout_ms?: number },
  ): Promise<Reply<E>>;
};

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Speaks to a master by the contract. `tls_ca` is a certificate file (PEM) to trust instead of the system's;
 * `tls_fingerprint` is that of the only certificate to trust.
 *
 * A call throws VcError with the code of the master's refusal, or `unreachable` with one line that says which
 * address and why, or `untrusted` for another certificate than the pinned one. It never repeats anything by itself. When the caller's own signal ends it, that signal's
 * reason is thrown. 204 gives null. Throws VcError("config") at once for a certificate that cannot be read.
 */
export function createClient(options: {
  master_url: string;
  token: string | null;
  tls_ca?: string | null;
  tls_fingerprint?: Fingerprint | null;
}): Client {
  const base = options.master_url.replace(/\/+$/, "");
  const headers = {
    accept: "application/json",
    ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
  };
  const trust = createTrust(options);

  return {
    async call(endpoint, input, { signal, timeout_ms = DEFAULT_TIMEOUT_MS } = {}) {
      const request = requestOf(endpoint, input as Record<string, unknown>);
      // ofetch's own timeout ends with the headers; a signal covers the body too.
      const limit = AbortSignal.timeout(timeout_ms);
      const both = signal === undefined ? limit : AbortSignal.any([limit, signal]);
      const answer = await send(base + request.path, { request, headers, trust, signal: both }).catch(
        (error: unknown) => {
          signal?.throwIfAborted();
          if (error instanceof VcError) throw error;
          const reason = limit.aborted ? `no answer within ${timeout_ms / 1000} s` : why(error, base);
          throw unreachable(base, reason, error);
        },
      );
      if (answer.text === null) throw unreachable(base, "its answer is longer than any that a master gives");
      return replyOf(base, endpoint, answer.status, answer.text);
    },
  };
}

type Sent = {
  request: ReturnType<typeof requestOf>;
  headers: Record<string, string>;
  trust: Trust;
  signal: AbortSignal;
};

async function send(url: string, { request, headers, trust, signal }: Sent) {
  const tls = await trust.options(signal);
  try {
    const { status, body } = await ofetch.raw(url, {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: request.body }),
      retry: 0,
      redirect: "manual",
      ignoreResponseError: true,
      responseType: "stream",
      signal,
      ...tls,
    });
    return { status, text: await readText(body) };
  } catch (error) {
    await trust.doubt(error, signal);
    throw error;
  }
}

/** Fields named in the path go there; the others into the query of a GET or the JSON body of a POST. */
function requestOf(endpoint: Endpoint, input: Record<string, unknown>) {
  const { method, path } = protocol[endpoint];
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = String(rest.get(name));
    rest.delete(name);
    return encodeURIComponent(value);
  });
  if (method === "POST") return { method, path: filled, body: Object.fromEntries(rest) };
  const query = new URLSearchParams(
    [...rest].map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return { method, path: query === "" ? filled : `${filled}?${query}`, body: undefined };
}

function replyOf<E extends Endpoint>(base: string, endpoint: E, status: number, text: string): Reply<E> {
  const body = status === 204 ? null : parseJson(text);
  if (status >= 200 && status < 300) {
    const reply = v.safeParse(protocol[endpoint].reply as v.GenericSchema<unknown, Reply<E>>, body);
    if (reply.success) return reply.output;
    throw unreachable(
      base,
      `the answer to ${protocol[endpoint].path} is not one of a vc master of this version`,
    );
  }
  const refusal = v.safeParse(ErrorBody, body);
  // It goes to a terminal.
  if (refusal.success) throw new VcError(refusal.output.error, printable(refusal.output.message));
  throw unreachable(base, `it answered ${status} and not as a vc master does`);
}

/** A thousand jobs with all their notes; whoever plays a master may send without end. */
const LONGEST_ANSWER_BYTES = 256 * 1024 * 1024;

/** Null for what is too long. */
async function readText(body: ReadableStream<Uint8Array> | null): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.byteLength;
    if (size > LONGEST_ANSWER_BYTES) return null;
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(base: string, reason: string, cause?: unknown): VcError {
  return new VcError("unreachable", `cannot reach the master at ${base}: ${reason}`, { cause });
}

const NO_TLS =
  "it does not speak TLS as this address asks for (a master without server.tls_cert is called with http://)";
const PIN_IT =
  "pin its fingerprint, which `vc token show` prints, with --tls-fingerprint, VC_TLS_FINGERPRINT or worker.tls_fingerprint";
const HOW_TO_TRUST = `${PIN_IT}, or name the certificate with --tls-ca, VC_TLS_CA or worker.tls_ca`;

const CAUSES: Record<string, string> = {
  ConnectionRefused: "connection refused (is `vc master` running there?)",
  ECONNREFUSED: "connection refused (is `vc master` running there?)",
  ECONNRESET: "the connection was broken off",
  ConnectionClosed: "the connection was broken off",
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  FailedToOpenSocket: "the host cannot be reached",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the host cannot be reached",
  ENOTFOUND: "there is no host of that name",
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is self-signed; ${HOW_TO_TRUST}`,
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate is self-signed; ${HOW_TO_TRUST}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate is not trusted here; ${HOW_TO_TRUST}`,
  ERR_TLS_CERT_ALTNAME_INVALID: `its certificate is made out to another name; call the master by that one, or ${PIN_IT}`,
  CERT_HAS_EXPIRED:
    "its certificate has expired by this machine's clock; set the clock, or give the master a new one",
  CERT_NOT_YET_VALID: "its certificate is not valid yet by this machine's clock; set the clock",
};

/** What kept a call from its answer, in a few words. */
export function whyUnanswered(error: unknown): string {
  return why(error, "");
}

/** The innermost cause, in words where its code is known: fetch and ofetch wrap it in general sentences. */
function why(error: unknown, base: string): string {
  const code = systemCode(error);
  const known = code === undefined ? undefined : CAUSES[code];
  // A server that speaks TLS ends a plain call without a word.
  if (known === CAUSES.ECONNRESET && base.startsWith("http:")) {
    return `${known} (a master with a certificate is called with https://)`;
  }
  if (known !== undefined) return known;
  if (error instanceof Error && error.cause !== undefined) return why(error.cause, base);
  return messageOf(error).split("\n")[0] ?? "";
}
