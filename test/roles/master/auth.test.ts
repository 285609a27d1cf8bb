import { describe, expect, test } from "bun:test";
import {
  type AccessRule,
  admit,
  type Caller,
  impostor,
  isForeignPage,
  overreach,
} from "../../../src/roles/master/auth.ts";

const made: AccessRule = { token: "a-made-token", made: true, allow_anonymous: false };
const configured: AccessRule = { ...made, made: false };
const anonymous: AccessRule = { ...configured, allow_anonymous: true };

const LOCAL = { peer: "127.0.0.1", headers: { host: "localhost:8080" } };
type Given = { peer: string | null; headers: Record<string, string> };
const call = ({ peer, headers }: Given) => ({ peer, header: (name: string) => headers[name] });
const local = (headers: Record<string, string>): Given => ({
  ...LOCAL,
  headers: { ...LOCAL.headers, ...headers },
});
const from = (peer: string | null, host = "localhost"): Given => ({ peer, headers: { host } });

describe("who is admitted", () => {
  const cases: [string, Given, AccessRule, boolean][] = [
    ["the token", local({ authorization: "Bearer a-made-token" }), configured, true],
    [
      "the token from afar",
      { peer: "10.0.0.5", headers: { host: "nas", authorization: "bearer a-made-token" } },
      made,
      true,
    ],
    ["a wrong token", local({ authorization: "Bearer a-made-tokem" }), made, false],
    ["a longer token", local({ authorization: "Bearer a-made-token2" }), configured, false],
    ["an empty token", local({ authorization: "Bearer " }), made, false],
    ["another scheme", local({ authorization: "Basic a-made-token" }), made, false],
    ["nobody, made token, this machine", LOCAL, made, true],
    ["nobody, configured token, this machine", LOCAL, configured, false],
    ["loopback, other number", from("127.9.9.9"), made, true],
    ["loopback, IPv4 in IPv6", from("::ffff:127.0.0.1", "127.0.0.1:1"), made, true],
    ["loopback, IPv6", from("::1", "[::1]:8080"), made, true],
    ["another machine", from("10.0.0.5"), made, false],
    ["another machine, IPv6", from("fe80::1"), made, false],
    ["an address that begins like loopback", from("127.0.0.1.evil"), made, false],
    ["no address", from(null), made, false],
    ["another name for this machine", from("127.0.0.1", "evil.example:8080"), made, false],
    ["a name that begins like this machine's", from("127.0.0.1", "localhost.evil.example"), made, false],
    ["two names, this machine's first", from("127.0.0.1", "localhost, evil.example"), made, false],
    ["this machine's name with a point", from("127.0.0.1", "localhost."), made, false],
    [
      "an address that only looks like this machine's",
      from("127.0.0.1", "127.0.0.1.evil.example"),
      made,
      false,
    ],
    ["a name that ends like this machine's", from("127.0.0.1", "evil-localhost"), made, false],
    ["no Host", { peer: "127.0.0.1", headers: {} }, made, false],
    ["Forwarded", local({ forwarded: "for=1.2.3.4" }), made, false],
    ["X-Forwarded-For", local({ "x-forwarded-for": "1.2.3.4" }), made, false],
    ["X-Forwarded-Host", local({ "x-forwarded-host": "a" }), made, false],
    ["X-Forwarded-Proto", local({ "x-forwarded-proto": "https" }), made, false],
    ["X-Real-IP", local({ "x-real-ip": "1.2.3.4" }), made, false],
    ["X-Forwarded-Port", local({ "x-forwarded-port": "1" }), made, false],
    ["X-Forwarded-Server", local({ "x-forwarded-server": "1" }), made, false],
    ["X-Client-IP", local({ "x-client-ip": "1" }), made, false],
    ["CF-Connecting-IP", local({ "cf-connecting-ip": "1" }), made, false],
    ["True-Client-IP", local({ "true-client-ip": "1" }), made, false],
    ["X-Original-Host", local({ "x-original-host": "1" }), made, false],
    ["X-Original-URL", local({ "x-original-url": "1" }), made, false],
    ["Via", local({ via: "1.1 proxy" }), made, false],
    [
      "the token through a proxy",
      local({ via: "1.1 proxy", authorization: "Bearer a-made-token" }),
      made,
      true,
    ],
    ["anyone where all are served", from("10.0.0.5", "nas"), anonymous, true],
    ["a wrong token where all are served", local({ authorization: "Bearer no" }), anonymous, true],
  ];
  test.each(cases)("%s", (_, given, rule, admitted) => {
    const admission = admit(call(given), rule, () => null);
    expect(admission.admitted).toBe(admitted);
    if (admission.admitted) return;
    expect(admission.guessed).toBe("authorization" in given.headers);
    expect(admission.message).toContain("VC_TOKEN");
    expect(admission.message).toContain("vc token show");
    expect(admission.message).toContain("server.allow_anonymous: true");
    expect(admission.message).not.toContain(rule.token);
  });
});

const WORKER: Caller = { kind: "worker", worker_id: "w1", revoked: new AbortController().signal };

test("a worker's own token lets it in as that worker, and counts for nothing where all are served", () => {
  const grantOf = (token: string) => (token === "of-w1" ? WORKER : null);
  const given = call({ peer: "10.0.0.5", headers: { host: "nas", authorization: "Bearer of-w1" } });
  expect(admit(given, made, grantOf)).toEqual({ admitted: true, caller: WORKER });
  expect(admit(given, anonymous, grantOf)).toEqual({ admitted: true, caller: { kind: "guest" } });
  expect(admit(given, { ...made, token: "of-w1" }, grantOf)).toEqual({
    admitted: true,
    caller: { kind: "owner" },
  });
});

test("a worker's token opens a worker's calls, for itself", () => {
  expect(overreach(WORKER, "worker", call(LOCAL))).toBeNull();
  expect(overreach(WORKER, "people", call(LOCAL))).toContain('the token of the worker "w1"');
  expect(impostor(WORKER, "w1")).toBeNull();
  expect(impostor(WORKER, "W1")).toContain('made for the worker "w1", and the call speaks for "W1"');
  for (const kind of ["owner", "guest"] as const) expect(impostor({ kind }, "anyone")).toBeNull();
});

describe("a browser without the token", () => {
  const firefox = { "user-agent": "Mozilla/5.0 (X11) Firefox/140", "accept-language": "de" };
  const cases: [string, Record<string, string>, boolean, boolean][] = [
    ["a program", { host: "films.example.org", "user-agent": "curl/8" }, true, true],
    [
      "Node's fetch",
      { host: "films.example.org", "accept-language": "*", "sec-fetch-mode": "cors" },
      true,
      true,
    ],
    ["PowerShell", { host: "nas", "user-agent": "Mozilla/5.0 (Windows NT) WindowsPowerShell/5" }, true, true],
    ["a browser, by a public name", { host: "films.example.org:8080", ...firefox }, false, false],
    ["one that tells its site", { host: "films.example.org", "sec-fetch-site": "none" }, false, false],
    ["one that tells its origin", { host: "a.example", origin: "http://a.example" }, false, false],
    ...["nas:8080", "10.0.0.7:8080", "[fe80::1]:8080", "localhost", "nas.local", "nas.home.arpa"].map(
      (host): [string, Record<string, string>, boolean, boolean] => [host, { host, ...firefox }, true, false],
    ),
  ];
  test.each(cases)("%s", (_, headers, people, worker) => {
    const seen = call({ peer: "10.0.0.5", headers });
    expect(overreach({ kind: "guest" }, "people", seen) === null).toBe(people);
    expect(overreach({ kind: "guest" }, "worker", seen) === null).toBe(worker);
    expect(overreach({ kind: "owner" }, "worker", seen)).toBeNull();
  });
});

test.each([
  [undefined, undefined, "nas:8080", false],
  ["http://nas:8080", undefined, "nas:8080", false],
  ["https://NAS:8080", "same-origin", "nas:8080", false],
  ["http://nas:8081", undefined, "nas:8080", true],
  ["http://evil.example", undefined, "nas:8080", true],
  ["null", undefined, "nas:8080", true],
  ["", undefined, "nas:8080", true],
  // An image of another site: no Origin.
  [undefined, "cross-site", "localhost:8080", true],
  [undefined, "same-site", "localhost:8080", true],
  [undefined, "none", "localhost:8080", false],
])("Origin %p, Sec-Fetch-Site %p at Host %p is foreign: %p", (origin, site, host, foreign) => {
  const headers: Record<string, string | undefined> = { origin, host, "sec-fetch-site": site };
  expect(isForeignPage({ header: (name) => headers[name] })).toBe(foreign);
});
