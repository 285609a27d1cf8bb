import { expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { makeCertificate } from "../../../src/roles/master/certificate.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00Z");
const make = (names: string[], common_name = "vc master on nas", now_ms = NOW_MS) => {
  const pem = makeCertificate({ names, common_name, now_ms });
  return { pem, certificate: new X509Certificate(pem) };
};

test("a certificate is signed by its own key, and is no authority", () => {
  const { pem, certificate } = make(["localhost"]);
  const key = createPrivateKey(pem);
  expect([key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve]).toEqual(["ec", "prime256v1"]);
  expect(certificate.checkPrivateKey(key)).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.subject).toBe("CN=vc master on nas");
});

test.each<[string, string[], string]>([
  ["names and addresses", ["localhost", "127.0.0.1"], "DNS:localhost, IP Address:127.0.0.1"],
  [
    "IPv6, in all its forms",
    ["::1", "2001:db8::ffff:1.2.3.4", "fd00:1:2:3:4:5:6:7"],
    "IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:FFFF:102:304, IP Address:FD00:1:2:3:4:5:6:7",
  ],
  ["each once", ["a", "a", "b"], "DNS:a, DNS:b"],
  [
    "what no certificate can hold is left out",
    ["nas", "fe80::1%eth0", "häst", "", "a b", `${"x".repeat(254)}`],
    "DNS:nas",
  ],
  [
    "many names",
    Array.from({ length: 60 }, (_, n) => `host-${n}.example`),
    Array.from({ length: 60 }, (_, n) => `DNS:host-${n}.example`).join(", "),
  ],
])("alternative names: %s", (_, names, told) => expect(make(names).certificate.subjectAltName).toBe(told));

test.each<[string, string, string, string]>([
  ["now", "2026-11-22T12:00:00Z", "2026-11-21T12:00:00.000Z", "2036-11-22T12:00:00.000Z"],
  [
    "over the end of short years",
    "2045-06-01T00:00:00Z",
    "2045-05-31T00:00:00.000Z",
    "2055-06-01T00:00:00.000Z",
  ],
  ["on a leap day", "2028-02-29T00:00:00Z", "2028-02-28T00:00:00.000Z", "2038-03-01T00:00:00.000Z"],
])("is good from the day before for ten years: %s", (_, now, from, to) => {
  const { certificate } = make(["localhost"], "vc", Date.parse(now));
  expect([certificate.validFrom, certificate.validTo].map((time) => new Date(time).toISOString())).toEqual([
    from,
    to,
  ]);
});

test("a long name is cut, and no two certificates are alike", () => {
  const { certificate } = make(["localhost"], "ü".repeat(100));
  expect(certificate.subject).toBe(`CN=${"ü".repeat(64)}`);
  const serials = new Set(Array.from({ length: 20 }, () => make(["localhost"]).certificate.serialNumber));
  expect(serials.size).toBe(20);
});
