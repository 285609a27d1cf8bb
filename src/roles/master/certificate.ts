import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

const YEARS = 10;
const DAY_MS = 86_400_000;

/**
 * A key (ECDSA P-256) and a certificate for it, signed by itself, in PEM. `names` are host names and addresses;
 * those that a certificate cannot hold are left out. Good from a day before `now_ms` on, for the sake of clocks that
 * are slow, for ten years. RFC 5280; a library that builds any certificate would bring half a megabyte of ASN.1.
 */
export function makeCertificate(of: { names: string[]; common_name: string; now_ms: number }): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "der" },
  });
  const name = sequence(tagged(SET, sequence(COMMON_NAME, tagged(UTF8_STRING, cut(of.common_name)))));
  const end = new Date(of.now_ms);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS);
  const body = sequence(
    tagged(VERSION, tagged(INTEGER, Buffer.of(2))),
    tagged(INTEGER, serialNumber()),
    sequence(ECDSA_WITH_SHA256),
    name,
    sequence(time(new Date(of.now_ms - DAY_MS)), time(end)),
    name,
    publicKey,
    tagged(EXTENSIONS, sequence(...extensions(of.names))),
  );
  const signature = sign("sha256", body, createPrivateKey(privateKey));
  const der = sequence(body, sequence(ECDSA_WITH_SHA256), tagged(BIT_STRING, Buffer.of(0), signature));
  return `${privateKey}${pemOf(der)}`;
}

/** Tags of X.690. */
const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, UTF8_STRING] = [0x01, 0x02, 0x03, 0x04, 0x0c];
const [SEQUENCE, SET, UTC_TIME, GENERALIZED_TIME] = [0x30, 0x31, 0x17, 0x18];
/** Those that RFC 5280 gives to fields of a certificate and to its alternative names. */
const [VERSION, EXTENSIONS, DNS_NAME, IP_ADDRESS] = [0xa0, 0xa3, 0x82, 0x87];

function tagged(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return tagged(SEQUENCE, ...parts);
}

/** Object identifiers as they are encoded. */
const COMMON_NAME = oid("550403");
const ECDSA_WITH_SHA256 = oid("2a8648ce3d040302");
const BASIC_CONSTRAINTS = oid("551d13");
const ALTERNATIVE_NAMES = oid("551d11");
const EXTENDED_KEY_USAGE = oid("551d25");
const SERVER_AUTHENTICATION = oid("2b06010505070301");

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

/** No authority (who imports it trusts this one master with it, and nobody that it signs), and only for servers. */
function extensions(names: string[]): Buffer[] {
  return [
    extension(BASIC_CONSTRAINTS, sequence(), tagged(BOOLEAN, Buffer.of(0xff))),
    extension(EXTENDED_KEY_USAGE, sequence(SERVER_AUTHENTICATION)),
    extension(ALTERNATIVE_NAMES, sequence(...[...new Set(names)].flatMap(alternativeName))),
  ];
}

function extension(id: Buffer, value: Buffer, ...critical: Buffer[]): Buffer {
  return sequence(id, ...critical, tagged(OCTET_STRING, value));
}

function alternativeName(name: string): Buffer[] {
  if (isIP(name) === 4) return [tagged(IP_ADDRESS, Buffer.from(name.split(".").map(Number)))];
  if (isIP(name) === 6) return name.includes("%") ? [] : [tagged(IP_ADDRESS, bytesOfIPv6(name))];
  return /^[a-z0-9_](?:[a-z0-9._-]{0,252})$/i.test(name) ? [tagged(DNS_NAME, Buffer.from(name))] : [];
}

/** URL writes every form of such an address in groups of hexadecimal digits, with at most one gap. */
function bytesOfIPv6(address: string): Buffer {
  const [left = "", right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text = "") => text.split(":").filter((group) => group !== "");
  const [before, after] = [groups(left), groups(right)];
  const all = [...before, ...Array(8 - before.length - after.length).fill("0"), ...after];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** Names of at most 64 characters. */
function cut(text: string): Buffer {
  return Buffer.from([...text].slice(0, 64).join(""));
}

/** Positive, and in its shortest form. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** Years until 2049 have two digits. */
function time(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replace(/[-T:]/g, "")}Z`;
  return date.getUTCFullYear() < 2050
    ? tagged(UTC_TIME, Buffer.from(text.slice(2)))
    : tagged(GENERALIZED_TIME, Buffer.from(text));
}

function pemOf(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
