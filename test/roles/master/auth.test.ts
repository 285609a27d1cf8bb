import { describe, expect, test } from "bun:test";
import { type AccessRule, admit, isForeignOrigin } from "../../../src/roles/master/auth.ts";

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
    ["no Host", { peer: "127.0.0.1", headers: {} }, made, false],
    ["Forwarded", local({ forwarded: "for=1.2.3.4" }), made, false],
    ["X-Forwarded-For", local({ "x-forwarded-for": "1.2.3.4" }), made, false],
    ["X-Forwarded-Host", local({ "x-forwarded-host": "a" }), made, false],
    ["X-Forwarded-Proto", local({ "x-forwarded-proto": "https" }), made, false],
    ["X-Real-IP", local({ "x-real-ip": "1.2.3.4" }), made, false],
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
    const admission = admit(call(given), rule);
    expect(admission.admitted).toBe(admitted);
    if (admission.admitted) return;
    expect(admission.message).toContain("VC_TOKEN");
    expect(admission.message).toContain("vc token show");
    expect(admission.message).toContain("server.allow_anonymous: true");
    expect(admission.message).not.toContain(rule.token);
  });
});

test.each([
  [undefined, "nas:8080", false],
  ["http://nas:8080", "nas:8080", false],
  ["https://NAS:8080", "nas:8080", false],
  ["http://nas:8081", "nas:8080", true],
  ["http://evil.example", "nas:8080", true],
  ["null", "nas:8080", true],
])("Origin %p at Host %p is foreign: %p", (origin, host, foreign) => {
  const headers: Record<string, string | undefined> = { origin, host };
  expect(isForeignOrigin({ header: (name) => headers[name] })).toBe(foreign);
});
