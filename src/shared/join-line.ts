import { createHash } from "node:crypto";
import * as v from "valibot";
import { fingerprint, name, secret, url } from "./config-values.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** All that a machine needs to become a worker: where the master may be, best first, and how both trust each other. */
export type Invitation = {
  urls: string[];
  token: string;
  /** Of the only certificate to trust; null: the system's authorities are trusted, or there is no TLS. */
  tls_fingerprint: Fingerprint | null;
  /** Whose token it is; null: the master's own, which opens all calls. */
  worker_id: string | null;
};

const MOST_URLS = 16;
const PREFIX = "vc1_";
const CHECK_BYTES = 4;

/**
 * One word that every shell takes without quotes: the prefix with the form's number, then, as base64url, the first
 * bytes of the SHA-256 of what follows, and a JSON object with short names.
 */
export function formatJoinLine({ urls, token, tls_fingerprint, worker_id }: Invitation): string {
  const given = { u: urls, t: token, f: tls_fingerprint?.slice("sha256:".length), w: worker_id };
  const json = Buffer.from(JSON.stringify(given, (_, value) => value ?? undefined));
  return PREFIX + Buffer.concat([checkOf(json), json]).toString("base64url");
}

/** The invitation, or why there is none. A line that a terminal has broken into several, or that comes with its command, is one. */
export function parseJoinLine(text: string): Invitation | string {
  const word = text.replace(/^\s*vc\s+join\s/, "").replace(/\s+/g, "");
  const version = /^vc(\d+)_/.exec(word);
  if (version === null) return `is none: it begins with ${PREFIX}, as \`vc token show\` prints it`;
  if (version[0] !== PREFIX) return "was made by another version of vc: update this one, or the master";
  const bytes = Buffer.from(word.slice(PREFIX.length), "base64url");
  const json = bytes.subarray(CHECK_BYTES);
  if (!/^vc1_[\w-]+$/.test(word) || !checkOf(json).equals(bytes.subarray(0, CHECK_BYTES))) {
    return "is not as it was printed: copy the whole of it once more";
  }
  const read = v.safeParse(Form, parseJson(json.toString()));
  if (!read.success) return "holds something that this version of vc does not understand: update it";
  const { u, t, f, w } = read.output;
  return { urls: u, token: t, tls_fingerprint: f, worker_id: w };
}

const Form = v.object({
  u: v.pipe(v.array(url), v.minLength(1), v.maxLength(MOST_URLS)),
  t: secret,
  f: v.nullish(fingerprint, null),
  w: v.nullish(name, null),
});

function checkOf(json: Buffer): Buffer {
  return createHash("sha256").update(json).digest().subarray(0, CHECK_BYTES);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
