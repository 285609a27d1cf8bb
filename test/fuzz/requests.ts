import { byteRoutes } from "../../src/shared/endpoints-transfer.ts";
import { type Endpoint, protocol } from "../../src/shared/protocol.ts";
import { PIECE_TYPE, pieceHash } from "../../src/shared/transfer.ts";
import type { Random } from "../sim/random.ts";
import { ODD_TEXTS, oddValue, spoil, spoilText } from "./mutate.ts";
import { inputOf, type Known } from "./schema-input.ts";

export type FuzzRequest = {
  endpoint: Endpoint | null;
  method: string;
  /** As it stands in the first line of the request. */
  target: string;
  headers: [string, string][];
  body: Uint8Array | null;
};

const PAGES = ["/", "/metrics", "/openapi.json", "/api", "/api/", "/favicon.ico", "/.vc", "/api/worker"];
const METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUERY"];
/** The calls that change most come more often. */
const NAMES = [
  ...(Object.keys(protocol) as Endpoint[]),
  ...([
    "register",
    "register",
    "next_job",
    "next_job",
    "job_complete",
    "job_complete",
    "job_failed",
    "upload",
  ] as const),
];

/** A call of the contract, right or spoiled at one or more places. */
export function makeRequest(random: Random, known: Known, tokens: (string | null)[]): FuzzRequest {
  if (random.chance(0.08)) return makeByteRequest(random, known, tokens);
  const name = random.pick(NAMES);
  const { method, path, input } = protocol[name];
  const right = inputOf(input, { random, known }) as Record<string, unknown>;
  const fields = random.chance(0.45) ? spoil(random, right) : right;
  const request: FuzzRequest = {
    endpoint: name,
    method,
    target: targetOf(path, method, fields),
    headers: headersOf(random, tokens),
    body: method === "POST" ? bodyOf(random, fields) : null,
  };
  return random.chance(0.15) ? { ...request, ...distorted(random, request), endpoint: null } : request;
}

/** A call that carries a piece of a film, or asks for one. */
function makeByteRequest(random: Random, known: Known, tokens: (string | null)[]): FuzzRequest {
  const { method, path, input } = byteRoutes[random.pick(["source", "output"] as const)];
  const right = inputOf(input, { random, known }) as Record<string, unknown>;
  const fields = random.chance(0.3) ? spoil(random, right) : right;
  const bytes = new TextEncoder().encode("converted".slice(0, random.between(0, 9)));
  const hash = pieceHash(random.chance(0.8) ? bytes : new Uint8Array(3));
  const odd = () => encoded(oddValue(random)).slice(0, 200);
  const own: [string, string][] =
    method === "GET"
      ? [["range", random.chance(0.7) ? `bytes=${random.between(0, 12)}-` : `bytes=${odd()}`]]
      : [
          ["content-type", PIECE_TYPE],
          ["upload-offset", random.chance(0.8) ? String(random.between(0, 9)) : odd()],
          ["piece-xxh3", random.chance(0.9) ? hash : odd()],
        ];
  return {
    endpoint: null,
    method: random.chance(0.95) ? method : random.pick(METHODS),
    target: targetOf(path, method, fields),
    headers: [...headersOf(random, tokens), ...own.filter(() => random.chance(0.97))],
    body: method === "PATCH" ? bytes : null,
  };
}

function targetOf(path: string, method: string, fields: unknown): string {
  const record = fields !== null && typeof fields === "object" ? (fields as Record<string, unknown>) : {};
  const filled = path.replace(/:(\w+)/g, (_, field: string) =>
    encoded(Object.hasOwn(record, field) ? record[field] : "x"),
  );
  if (method === "POST") return filled.slice(0, 4000);
  const query = Object.entries(record).map(([field, value]) => `${encoded(field)}=${encoded(value)}`);
  return `${filled}?${query.join("&")}`.slice(0, 8000);
}

function encoded(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return encodeURIComponent(text.toWellFormed());
}

function bodyOf(random: Random, fields: unknown): Uint8Array {
  const text = JSON.stringify(fields) ?? "";
  return random.chance(0.1) ? spoilText(random, text) : new TextEncoder().encode(text);
}

function headersOf(random: Random, tokens: (string | null)[]): [string, string][] {
  // Wrong tokens are answered slowly on purpose: few of them.
  const token = random.chance(0.9) ? tokens[0] : random.pick(tokens);
  const odd: [string, string][] = random.chance(0.1)
    ? [
        random.pick<[string, string]>([
          ["content-type", "text/plain"],
          ["content-encoding", "gzip"],
          ["accept", "\u00ff"],
          ["expect", "100-continue"],
          ["range", "bytes=0-1"],
          ["if-none-match", "*"],
          ["x-forwarded-for", "127.0.0.1"],
          ["sec-fetch-site", "none"],
          ["cookie", "a=".repeat(2000)],
          ["x-http-method-override", "DELETE"],
        ]),
      ]
    : [];
  return [...(token ? [["authorization", `Bearer ${token}`] as [string, string]] : []), ...odd];
}

/** The request's first line made strange. */
function distorted(random: Random, { target, method }: FuzzRequest): Partial<FuzzRequest> {
  const odd = encoded(random.chance(0.5) ? random.pick(ODD_TEXTS) : oddValue(random)).slice(0, 3000);
  return random.pick<() => Partial<FuzzRequest>>([
    () => ({ method: random.pick(METHODS) }),
    () => ({ target: random.pick(PAGES) }),
    () => ({ target: `${target}${target.includes("?") ? "&" : "?"}${odd}=${odd}&limit=1&limit=2` }),
    () => ({
      target: target.replace("/api", random.pick(["//api", "/API", "/api/..", "/api/%2e%2e", "/%61pi"])),
    }),
    () => ({ target: `${target.split("?")[0]}/${odd}` }),
    () => ({ target: `${target}?a=%ff&b=%&c=%zz&d=%00&%5f%5fproto__=1` }),
    () => ({ target: `/api/jobs/${odd}`, method }),
    () => ({ target: `/api/jobs?search=${odd}&limit=3`, method: "GET", body: null }),
  ])();
}
