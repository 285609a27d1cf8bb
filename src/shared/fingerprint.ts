import { createHash } from "node:crypto";

/** `sha256:` and 64 small hexadecimal digits: the form in which fingerprints are compared, stored and shown. */
export type Fingerprint = `sha256:${string}`;

/** A fingerprint as people paste it: with or without its prefix, in either case, with colons as openssl prints it. */
export function parseFingerprint(text: string): Fingerprint | null {
  const match = /^(?:sha256:)?([0-9a-f]{2}(?::?[0-9a-f]{2}){31})$/i.exec(text.trim());
  return match?.[1] === undefined ? null : `sha256:${match[1].replaceAll(":", "").toLowerCase()}`;
}

/** Of a certificate's DER bytes: what `openssl x509 -fingerprint -sha256` shows of it. */
export function fingerprintOf(der: Uint8Array): Fingerprint {
  return `sha256:${createHash("sha256").update(der).digest("hex")}`;
}
