import { hash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { Access } from "../../shared/endpoint.ts";
import { found } from "../../shared/found.ts";

/** What is known of a call before anything is done for it. */
export type Call = {
  /** The address of the other end; null where there is none (a Unix socket). */
  peer: string | null;
  header(name: string): string | undefined;
};

/** Who may call. `made`: the master made the token itself, so calls from its own machine need none. */
export type AccessRule = { token: string; made: boolean; allow_anonymous: boolean };

/** What a worker's own token opens; `revoked` is aborted when it no longer does. */
export type Grant = { worker_id: string; revoked: AbortSignal };

/** `owner` came with the master's token, `guest` needed none, `worker` came with its own token. */
export type Caller = { kind: "owner" } | { kind: "guest" } | ({ kind: "worker" } & Grant);

/** `guessed`: a token came that is nobody's. */
export type Admission =
  | { admitted: true; caller: Caller }
  | { admitted: false; guessed: boolean; message: string };

/** Decides who is served at all by anything but an open endpoint. `grantOf` knows the tokens of single workers. */
export function admit(call: Call, rule: AccessRule, grantOf: (token: string) => Grant | null): Admission {
  const presented = bearerToken(call.header("authorization"));
  if (presented !== null && sameSecret(presented, rule.token))
    return { admitted: true, caller: { kind: "owner" } };
  if (rule.allow_anonymous) return { admitted: true, caller: { kind: "guest" } };
  if (presented !== null) {
    const grant = grantOf(presented);
    if (grant !== null) return { admitted: true, caller: { kind: "worker", ...grant } };
    return refused("the token that came with the call is not this master's", true);
  }
  if (rule.made && isFromThisMachine(call)) return { admitted: true, caller: { kind: "guest" } };
  return refused("the call came without a token", false);
}

/** Why this caller may not call an endpoint of this class, or null. */
export function overreach(caller: Caller, access: Access, call: Call): string | null {
  if (caller.kind === "guest" && isBrowser(call)) {
    if (access === "worker")
      return "a browser is no worker: without the master's token it may not call this.";
    if (!isPrivateName(call.header("host"))) {
      return "a browser that comes without the master's token must call this master by its address or its short name.";
    }
  }
  if (caller.kind !== "worker" || access === "worker") return null;
  return `the token of the worker ${found(caller.worker_id)} opens a worker's calls only; this one needs the master's token (\`vc token show\` on the master's machine prints it).`;
}

/** Why this caller may not speak for this worker, or null. */
export function impostor(caller: Caller, worker_id: string): string | null {
  if (caller.kind !== "worker" || caller.worker_id === worker_id) return null;
  return `the token was made for the worker ${found(caller.worker_id)}, and the call speaks for ${found(worker_id)}: set worker.id to the token's name, or make a token with \`vc token add\`.`;
}

/**
 * True when a browser page of another site makes the call. Programs send no Origin; a browser leaves it out too where
 * a page merely embeds an address (an image), but says so in Sec-Fetch-Site (Fetch Metadata, W3C).
 */
export function isForeignPage(call: Pick<Call, "header">): boolean {
  if (["cross-site", "same-site"].includes(call.header("sec-fetch-site") ?? "")) return true;
  const origin = call.header("origin");
  if (origin === undefined) return false;
  const host = call.header("host")?.toLowerCase();
  return origin.toLowerCase() !== `http://${host}` && origin.toLowerCase() !== `https://${host}`;
}

function refused(what: string, guessed: boolean): Admission {
  const message =
    `${what}: give it as VC_TOKEN, with --token-file or as worker.token (\`vc token show\` on the master's machine prints it). ` +
    "For clients that cannot send one, set server.allow_anonymous: true in the master's configuration.";
  return { admitted: false, guessed, message };
}

function bearerToken(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
}

/** Compares digests, which have one length, so that neither content nor length shows in the time it takes. */
function sameSecret(presented: string, expected: string): boolean {
  return timingSafeEqual(digestOf(presented), digestOf(expected));
}

/** SHA-256: enough for a secret of 256 random bits, which nobody finds by trying. */
export function digestOf(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

/**
 * Three signs, all needed: the peer is loopback, nothing says that a proxy passed the call on, and the name it
 * was called by is this machine's (a page that binds its own name to 127.0.0.1 calls by that name).
 */
function isFromThisMachine(call: Call): boolean {
  if (call.peer === null || !isLoopback(call.peer)) return false;
  if (FORWARDING_HEADERS.some((name) => call.header(name) !== undefined)) return false;
  return LOCAL_NAMES.includes(withoutPort(call.header("host")));
}

const FORWARDING_HEADERS = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-forwarded",
  "forwarded-for",
  "x-client-ip",
  "x-real-ip",
  "true-client-ip",
  "cf-connecting-ip",
  "x-original-host",
  "x-original-url",
  "via",
];
const LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"];

function withoutPort(host: string | undefined): string {
  return (host ?? "").toLowerCase().replace(/:\d+$/, "");
}

export function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address);
}

/** Browsers alone send both of these, or say which site calls. */
function isBrowser(call: Call): boolean {
  if (call.header("sec-fetch-site") !== undefined || call.header("origin") !== undefined) return true;
  const agent = call.header("user-agent") ?? "";
  return agent.startsWith("Mozilla/") && call.header("accept-language") !== undefined;
}

/** An address, or a name that no stranger can own: a page that binds its own name to this machine has a public one. */
function isPrivateName(host: string | undefined): boolean {
  const name = withoutPort(host);
  if (isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0) return true;
  return /^[\w-]+$/.test(name) || /\.(local|lan|internal|home\.arpa|localhost)$/.test(name);
}
