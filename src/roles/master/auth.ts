import { createHash, timingSafeEqual } from "node:crypto";

/** What is known of a call before anything is done for it. */
export type Call = {
  /** The address of the other end; null where there is none (a Unix socket). */
  peer: string | null;
  header(name: string): string | undefined;
};

/** Who may call. `made`: the master made the token itself, so calls from its own machine need none. */
export type AccessRule = { token: string; made: boolean; allow_anonymous: boolean };

export type Admission = { admitted: true } | { admitted: false; message: string };

/** Decides whether a call to anything but an open endpoint is served. */
export function admit(call: Call, rule: AccessRule): Admission {
  if (rule.allow_anonymous) return { admitted: true };
  const presented = bearerToken(call.header("authorization"));
  if (presented !== null) {
    return sameSecret(presented, rule.token)
      ? { admitted: true }
      : refused("the token that came with the call is not this master's");
  }
  if (rule.made && isFromThisMachine(call)) return { admitted: true };
  return refused("the call came without a token");
}

/** True when a browser page of another site makes the call; programs send no Origin. */
export function isForeignOrigin(call: Pick<Call, "header">): boolean {
  const origin = call.header("origin");
  if (origin === undefined) return false;
  const host = call.header("host")?.toLowerCase();
  return origin.toLowerCase() !== `http://${host}` && origin.toLowerCase() !== `https://${host}`;
}

function refused(what: string): Admission {
  const message =
    `${what}: give it as VC_TOKEN, with --token-file or as worker.token (\`vc token show\` on the master's machine prints it). ` +
    "For clients that cannot send one, set server.allow_anonymous: true in the master's configuration.";
  return { admitted: false, message };
}

function bearerToken(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
}

/** Compares digests, which have one length, so that neither content nor length shows in the time it takes. */
function sameSecret(presented: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(presented), digest(expected));
}

/**
 * Three signs, all needed: the peer is loopback, nothing says that a proxy passed the call on, and the name it
 * was called by is this machine's (a page that binds its own name to 127.0.0.1 calls by that name).
 */
function isFromThisMachine(call: Call): boolean {
  if (call.peer === null || !isLoopback(call.peer)) return false;
  if (FORWARDING_HEADERS.some((name) => call.header(name) !== undefined)) return false;
  const host = (call.header("host") ?? "").toLowerCase().replace(/:\d+$/, "");
  return LOCAL_NAMES.includes(host);
}

const FORWARDING_HEADERS = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-real-ip",
  "via",
];
const LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"];

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address);
}
